import { createOutbound, type ClosableOutbound } from '@millrace/outbound';
import { startModelServer, type ModelServer } from '@millrace/testing';
import { createModels } from './models.js';

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
) {
  const credentials = { credentials: async () => ({ api_key: 'sk-x', base_url: baseUrl }) };
  return createModels({ outbound, credentials }).invoke({
    ...{ tenantId: 't', provider, model: 'm', mode: 'chat', params: {}, executionId: 'e' },
    messages: [{ role: 'user', text, files }],
    signal: new AbortController().signal,
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
    errorType: 'InvokeBadRequestError',
    message: expect.stringContaining('Nothing of the prompt can be sent') as unknown,
  });
  expect(server.requests).toHaveLength(before);
});
