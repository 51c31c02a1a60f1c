import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelRequest } from '@millrace/contracts';
import { createOutbound, type ClosableOutbound } from '@millrace/outbound';
import { startModelServer, type ModelServer } from '@millrace/testing';
import { createModels } from './models.js';
import { readsTextOnly } from './text-only.js';

let server: ModelServer;
let outbound: ClosableOutbound;

beforeAll(async () => {
  server = await startModelServer({ text: 'A cat.' });
  outbound = createOutbound({ allowCidrs: ['127.0.0.0/8'] });
});
afterAll(async () => {
  await outbound.close();
  await server.close();
});

const base64 = btoa('\x89PNG picture');
const picture = { type: 'image', name: 'cat.png', mimeType: 'image/png', base64, detail: 'low' } as const;
const film = { type: 'video', name: 'cat.avi', mimeType: 'application/x-film', base64 } as const;

async function ask(
  provider: string,
  baseUrl: string,
  files: readonly (typeof picture | typeof film)[],
  text = 'What?',
  more: { model?: string; vision_support?: string } = {},
  onFile?: ModelRequest['onFile'],
) {
  const { model = 'm', ...extra } = more;
  const credentials = { credentials: async () => ({ api_key: 'sk-x', base_url: baseUrl, ...extra }) };
  return createModels({ outbound, credentials }).invoke({
    ...{ tenantId: 't', provider, model, mode: 'chat', params: {}, executionId: 'e' },
    messages: [{ role: 'user', text, files }],
    signal: new AbortController().signal,
    ...(onFile && { onFile }),
  });
}

it.each<[string, () => string, object]>([
  [
    'openai',
    () => server.baseUrl,
    {
      messages: [
        {
          content: [
            { type: 'image_url', image_url: { url: `data:image/png;base64,${base64}`, detail: 'low' } },
            { text: 'What?' },
          ],
        },
      ],
    },
  ],
  [
    'openrouter',
    () => server.baseUrl,
    {
      messages: [
        {
          content: [
            { type: 'image_url', image_url: { url: `data:image/png;base64,${base64}`, detail: 'low' } },
            { text: 'What?' },
          ],
        },
      ],
    },
  ],
  [
    'anthropic',
    () => server.baseUrl,
    {
      messages: [
        {
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64 } },
            { text: 'What?' },
          ],
        },
      ],
    },
  ],
  [
    'google',
    () => server.googleBaseUrl,
    { contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: base64 } }, { text: 'What?' }] }] },
  ],
])('%s is shown an image', async (provider, baseUrl, body) => {
  expect(await ask(provider, baseUrl(), [picture])).toMatchObject({ text: 'A cat.' });
  expect(server.requests.at(-1)?.body).toMatchObject(body);
});

it('calls nobody when nothing of the prompt is left', async () => {
  const before = server.requests.length;
  await expect(ask('openai', server.baseUrl, [film], '')).rejects.toMatchObject({
    errorType: 'NoPromptFoundError',
    message: expect.stringMatching(/^No prompt found in the LLM configuration/) as unknown,
  });
  expect(server.requests).toHaveLength(before);
});

it.each<[string, string, Record<string, string>, boolean]>([
  ['openai', 'gpt-3.5-turbo', {}, false],
  ['openai', 'gpt-4-0613', {}, false],
  ['langgenius/openai/openai', 'gpt-4-turbo', {}, true],
  ['openai', 'gpt-4.1-mini', {}, true],
  ['openai', 'o3-mini', {}, false],
  ['openai', 'o3', {}, true],
  ['deepseek', 'deepseek-chat', {}, false],
  ['xai', 'grok-3-mini', {}, false],
  ['x', 'grok-4', {}, true],
  ['openai_api_compatible', 'deepseek-chat', {}, true],
  ['openai_api_compatible', 'any', { vision_support: 'no_support' }, false],
  ['openai', 'gpt-3.5-turbo', { vision_support: 'support' }, true],
])('%s %s with %j is shown files: %s', async (provider, model, credentials, shown) => {
  await ask(provider, server.baseUrl, [picture], 'What?', { model, ...credentials });
  expect(JSON.stringify(server.requests.at(-1)?.body).includes(base64)).toBe(shown);
});

it.each([
  ['anthropic.claude-v2:1', true],
  ['us.meta.llama3-1-8b-instruct-v1:0', true],
  ['meta.llama3-2-90b-instruct-v1:0', false],
  ['eu.amazon.nova-micro-v1:0', true],
  ['amazon.nova-lite-v1:0', false],
  ['anthropic.claude-sonnet-4-20250514-v1:0', false],
])('Bedrock: %s reads text only: %s', (model, expected) => {
  const access = { provider: 'bedrock', protocol: 'bedrock' } as never;
  expect(readsTextOnly(access, {}, model)).toBe(expected);
});

it('hands on the files of an answer where they come; that they cannot be kept is no failure of the model', async () => {
  const inlineData = { mimeType: 'image/png', data: base64 };
  const parts = [{ text: 'Here: ' }, { inlineData }, { text: '!' }];
  const drawing = createServer((_, response) => {
    const frame = { candidates: [{ content: { parts, role: 'model' }, finishReason: 'STOP' }], usageMetadata: {} };
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${JSON.stringify(frame)}\n\n`);
  }).listen(0, '127.0.0.1');
  await once(drawing, 'listening');
  try {
    const { port } = drawing.address() as AddressInfo;
    const draw = (onFile?: ModelRequest['onFile']) =>
      ask('google', `http://127.0.0.1:${port}/v1beta`, [], 'Draw', {}, onFile);
    const answer = await draw(async (file) => `(${file.mimeType} ${file.base64.length})`);
    expect(answer.text).toBe(`Here: (image/png ${base64.length})!`);
    expect(await draw()).toMatchObject({ text: 'Here: !' });
    const full = new Error('the disk is full');
    await expect(draw(() => Promise.reject(full))).rejects.toBe(full);
  } finally {
    drawing.close();
    drawing.closeAllConnections();
  }
});
