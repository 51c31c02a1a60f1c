import { generateKeyPairSync } from 'node:crypto';
import type { ModelRequest, Outbound } from '@millrace/contracts';
import { createOutbound, type ClosableOutbound } from '@millrace/outbound';
import { startModelServer, type ModelServer } from '@millrace/testing';
import { createModels } from './models.js';

const secret = 'sk-planted-0123456789';

let server: ModelServer;
let outbound: ClosableOutbound;

beforeEach(async () => {
  server = await startModelServer({ text: 'Hello from here', promptTokens: 11, completionTokens: 3 });
  outbound = createOutbound({ allowCidrs: ['127.0.0.0/8'] });
});
afterEach(async () => {
  await outbound.close();
  await server.close();
});

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const account = JSON.stringify({ client_email: 'me@p.iam', private_key: privateKey, project_id: 'p' });

const accountKey = Buffer.from(account).toString('base64');

/** Stands in for the network: Google's token endpoint answers here, every other call goes to the test server. */
const network = (): Pick<Outbound, 'fetch'> => ({
  fetch: (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (url.host === 'oauth2.googleapis.com') {
      return Promise.resolve(Response.json({ access_token: 'ya29.token', expires_in: 3600, token_type: 'Bearer' }));
    }
    return outbound.fetch(`${server.url}${url.pathname}${url.search}`, init);
  },
});

const key = { api_key: secret };
const withUrl = (name: string, path = '') => ({ ...key, [name]: () => `${server.url}${path}` });
type Fields = Record<string, string | (() => string)>;

interface Spoken {
  provider: string;
  credentials: Fields;
  model?: string;
  protocol: string;
  path: string;
  /** What must not be told. Default: `secret`. */
  planted?: string;
  /** Header that carries the key, and its whole value. */
  auth: [name: string, value: string | RegExp];
}

const bearer: Spoken['auth'] = ['authorization', `Bearer ${secret}`];
const compatible = (provider: string, credentials: Fields, path = '/v1/chat/completions'): Spoken => ({
  provider,
  credentials,
  protocol: 'openai',
  path,
  auth: bearer,
});

const spoken: Spoken[] = [
  compatible('openai', withUrl('base_url')),
  compatible('langgenius/openai/openai', {
    openai_api_key: secret,
    openai_api_base: () => server.url,
  }),
  compatible('langgenius/openai_api_compatible/openai_api_compatible', withUrl('endpoint_url', '/v1')),
  compatible('langgenius/deepseek/deepseek', withUrl('endpoint_url')),
  compatible('langgenius/groq/groq', withUrl('base_url', '/openai/v1'), '/openai/v1/chat/completions'),
  compatible('langgenius/x/x', withUrl('endpoint_url')),
  compatible('langgenius/ollama/ollama', withUrl('base_url')),
  compatible('langgenius/tongyi/tongyi', { dashscope_api_key: secret, base_url: () => server.baseUrl }),
  compatible('langgenius/moonshot/moonshot', withUrl('endpoint_url')),
  compatible('langgenius/zhipuai/zhipuai', withUrl('base_url', '/api/paas/v4'), '/api/paas/v4/chat/completions'),
  compatible('langgenius/openrouter/openrouter', withUrl('endpoint_url', '/api/v1'), '/api/v1/chat/completions'),
  compatible('langgenius/mistralai/mistralai', withUrl('base_url')),
  {
    provider: 'langgenius/azure_openai/azure_openai',
    credentials: { openai_api_key: secret, openai_api_base: () => server.url, openai_api_version: '2024-06-01' },
    model: 'my-deployment',
    protocol: 'openai',
    path: '/openai/deployments/my-deployment/chat/completions',
    auth: ['api-key', secret],
  },
  {
    provider: 'azure_openai',
    credentials: { openai_api_key: secret, openai_api_base: () => server.url, openai_api_version: 'v1' },
    protocol: 'openai',
    path: '/openai/v1/chat/completions',
    auth: ['api-key', secret],
  },
  {
    provider: 'langgenius/anthropic/anthropic',
    credentials: { anthropic_api_key: secret, anthropic_api_url: () => server.url },
    protocol: 'anthropic',
    path: '/v1/messages',
    auth: ['x-api-key', secret],
  },
  {
    provider: 'langgenius/gemini/google',
    credentials: { google_api_key: secret, base_url: () => server.url },
    model: 'gemini-2.5-flash',
    protocol: 'google',
    path: '/v1beta/models/gemini-2.5-flash:streamGenerateContent',
    auth: ['x-goog-api-key', secret],
  },
  {
    provider: 'langgenius/vertex_ai/vertex_ai',
    credentials: { vertex_service_account_key: accountKey, vertex_location: 'global' },
    planted: accountKey,
    model: 'gemini-2.5-flash',
    protocol: 'google',
    path: '/v1beta1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:streamGenerateContent',
    auth: ['authorization', 'Bearer ya29.token'],
  },
  {
    provider: 'langgenius/cohere/cohere',
    credentials: withUrl('base_url'),
    model: 'command-r-08-2024',
    protocol: 'cohere',
    path: '/v2/chat',
    auth: bearer,
  },
  {
    provider: 'langgenius/bedrock/bedrock',
    credentials: {
      aws_access_key_id: 'AKIA-PLANTED-ID',
      aws_secret_access_key: secret,
      aws_region: 'eu-west-1',
      bedrock_endpoint_url: () => server.url,
    },
    model: 'amazon.nova-lite-v1:0',
    protocol: 'bedrock',
    path: '/model/amazon.nova-lite-v1%3A0/converse-stream',
    auth: ['authorization', /^AWS4-HMAC-SHA256 Credential=AKIA-PLANTED-ID\/\d{8}\/eu-west-1\/bedrock\/aws4_request/],
  },
  {
    provider: 'bedrock',
    credentials: { bedrock_api_key: secret, bedrock_endpoint_url: () => server.url },
    model: 'amazon.nova-lite-v1:0',
    protocol: 'bedrock',
    path: '/model/amazon.nova-lite-v1%3A0/converse-stream',
    auth: bearer,
  },
];

const called = (one: Spoken): string => `${one.provider} with ${Object.keys(one.credentials).join(', ')}`;

function invoke({ provider, credentials, model = 'some-model' }: Spoken, more: Partial<ModelRequest> = {}) {
  const saved = Object.fromEntries(
    Object.entries(credentials).map(([name, value]) => [name, typeof value === 'string' ? value : value()]),
  );
  return createModels({ outbound: network(), credentials: { credentials: async () => saved } }).invoke({
    tenantId: 't',
    provider,
    model,
    mode: 'chat',
    messages: [
      { role: 'user', text: 'Hi' },
      { role: 'assistant', text: 'Yes?' },
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'Well' },
    ],
    params: { temperature: 0.5, max_tokens: 20, stop: ['END'] },
    signal: new AbortController().signal,
    executionId: 'exec-1',
    maxRetries: 0,
    ...more,
  });
}

describe.each(spoken.map((one) => [called(one), one] as const))('%s', (_, one) => {
  it('streams text and counts tokens', async () => {
    const deltas: string[] = [];
    const answer = await invoke(one, { onDelta: (text) => deltas.push(text) });
    expect(deltas).toEqual(['Hello ', 'from ', 'here']);
    expect(answer).toMatchObject({ text: 'Hello from here', usage: { prompt_tokens: 11, completion_tokens: 3 } });
    const [request] = server.requests;
    expect(request).toMatchObject({ protocol: one.protocol, path: one.path, streaming: true });
    const [name, value] = one.auth;
    expect(request?.headers[name]).toEqual(typeof value === 'string' ? value : expect.stringMatching(value));
    expect(request?.headers['idempotency-key']).toBe('exec-1');
    expect(JSON.stringify(request?.body)).toMatch(/0\.5.*|Be brief/);
  });

  it.each([
    [401, undefined, 'InvokeAuthorizationError', 'provider_not_initialize'],
    [402, undefined, 'QuotaExceededError', 'provider_quota_exceeded'],
    [404, 'The model `some-model` does not exist', 'ModelNotExistError', 'model_currently_not_support'],
    [429, 'Your credit balance is too low: insufficient_quota', 'QuotaExceededError', 'provider_quota_exceeded'],
    [429, 'Slow down', 'InvokeRateLimitError', undefined],
    [400, 'That is wrong', 'InvokeBadRequestError', undefined],
    [500, undefined, 'InvokeServerUnavailableError', undefined],
    [503, undefined, 'InvokeServerUnavailableError', undefined],
  ])('tells %i (%s) as %s', async (status, errorMessage, errorType, apiCode) => {
    const message = errorMessage ?? 'It failed';
    const { planted = secret } = one;
    server.script({ status, errorMessage: `${message} ${planted}`, headers: { 'retry-after-ms': '1' } });
    const failure: unknown = await invoke(one).catch((error: unknown) => error);
    expect(failure).toMatchObject({ errorType, apiCode, message: expect.stringContaining(message) as string });
    expect(`${String(failure)} ${JSON.stringify(failure)}`).not.toContain(planted);
    expect(server.requests).toHaveLength(1);
  });

  it('hangs up at once when aborted', async () => {
    server.script({ chunks: ['a', 'b', 'c'], chunksPerSecond: 2 });
    const controller = new AbortController();
    const failure = invoke(one, { signal: controller.signal, onDelta: () => controller.abort(new Error('stopped')) });
    await expect(failure).rejects.toThrow('stopped');
    const request = await server.received(0);
    await request.closed;
    expect(request.ended).toBe('aborted');
  });

  it('tells a stream that breaks off', async () => {
    server.script({ cutAfterChunks: 1 });
    await expect(invoke(one)).rejects.toMatchObject({ errorType: 'InvokeConnectionError', transient: true });
  });
});
