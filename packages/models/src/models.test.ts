import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { ModelRequest } from '@millrace/contracts';
import { createOutbound, type ClosableOutbound } from '@millrace/outbound';
import { createModels } from './models.js';

interface Seen {
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}
type Answer = (response: ServerResponse, seen: Seen) => unknown;

let server: Server;
let outbound: ClosableOutbound;
let answer: Answer;
let seen: Seen[];
let base: string;

beforeEach(async () => {
  seen = [];
  const listen = async (request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Record<string, unknown>;
    const call = { path: request.url ?? '', headers: request.headers, body };
    seen.push(call);
    answer(response, call);
  };
  server = createServer((request, response) => void listen(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  outbound = createOutbound({ allowCidrs: ['127.0.0.0/8'] });
});

afterEach(async () => {
  await outbound.close();
  server.close();
});

const invoke = (wanted: Partial<ModelRequest>, credentials?: Record<string, string> | null) =>
  createModels({
    outbound,
    credentials: {
      credentials: async () =>
        credentials === null ? undefined : { api_key: 'sk-secret', base_url: base, ...credentials },
    },
  }).invoke({
    tenantId: 't',
    provider: 'langgenius/openai/openai',
    model: 'gpt-4o-mini',
    mode: 'chat',
    messages: [
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'Hi' },
    ],
    params: {},
    signal: new AbortController().signal,
    executionId: 'exec-1',
    ...wanted,
  });

function* repeated(piece: string) {
  for (;;) yield piece;
}

const events = (response: ServerResponse, ...data: unknown[]) => {
  response.setHeader('content-type', 'text/event-stream');
  for (const each of data) response.write(`data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`);
  response.end();
};
const chunk = (delta: object, finish: string | null = null) => ({
  id: 'c',
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const usage = { id: 'c', choices: [], usage: { prompt_tokens: 350, completion_tokens: 600, total_tokens: 950 } };
const hello: Answer = (response) =>
  events(
    response,
    chunk({ role: 'assistant', content: 'Hel' }),
    chunk({ content: 'lo' }),
    chunk({}, 'stop'),
    usage,
    '[DONE]',
  );
const fails =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

describe('OpenAI-compatible models', () => {
  it('streams a chat answer and passes every parameter on', async () => {
    answer = hello;
    const deltas: string[] = [];
    const params = {
      temperature: 0.2,
      max_tokens: 50,
      top_k: 3,
      stop: ['END'],
      response_format: 'json_object',
      seed: 7,
      min_p: 0.1,
    };
    const result = await invoke({ params, onDelta: (text) => deltas.push(text) });
    expect(deltas).toEqual(['Hel', 'lo']);
    expect(result).toMatchObject({
      text: 'Hello',
      finishReason: 'stop',
      usage: { total_tokens: 950, total_price: '0.0004125' },
    });
    expect(seen[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-secret', 'idempotency-key': 'exec-1' },
    });
    expect(seen[0]?.body).toEqual({
      model: 'gpt-4o-mini',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.2,
      max_tokens: 50,
      top_k: 3,
      stop: ['END'],
      response_format: { type: 'json_object' },
      seed: 7,
      min_p: 0.1,
    });
  });

  it('puts reasoning into a think block', async () => {
    answer = (response) =>
      events(
        response,
        chunk({ reasoning_content: 'a' }),
        chunk({ reasoning_content: 'b' }),
        chunk({ content: 'c' }),
        chunk({}, 'stop'),
        '[DONE]',
      );
    expect((await invoke({})).text).toBe('<think>\nab\n</think>c');
  });

  it('takes an answer that ends properly without a finish reason', async () => {
    const unnamed = (delta: object) => ({ id: 'c', choices: [{ index: 0, delta }] });
    answer = (response) => events(response, unnamed({ content: 'Hel' }), unnamed({ content: 'lo' }), '[DONE]');
    expect(await invoke({})).toMatchObject({ text: 'Hello', finishReason: null });
    answer = (response) =>
      events(response, unnamed({ content: '{"finish_reason": "stop"}' }), chunk({ content: '!' }), '[DONE]');
    expect(await invoke({})).toMatchObject({ text: '{"finish_reason": "stop"}!', finishReason: null });
    answer = (response) => events(response, { id: 'c', choices: [{ index: 0, text: 'done' }] }, '[DONE]');
    expect(await invoke({ mode: 'completion' })).toMatchObject({ text: 'done', finishReason: null });
  });

  it('an answer that was cut off is a lost connection, and asked for again before any text', async () => {
    answer = (response) => (seen.length === 1 ? events(response) : hello(response, seen[0] as Seen));
    expect((await invoke({})).text).toBe('Hello');
    expect(seen).toHaveLength(2);
    answer = (response) => events(response, chunk({ content: 'Hel' }));
    await expect(invoke({})).rejects.toMatchObject({
      errorType: 'InvokeConnectionError',
      message: 'The stream of the model ended before its answer was complete',
    });
    expect(seen).toHaveLength(3);
  });

  it('sends a completion prompt as it is', async () => {
    answer = (response) =>
      events(response, { id: 'c', choices: [{ index: 0, text: 'done', finish_reason: 'stop' }] }, '[DONE]');
    const result = await invoke({
      mode: 'completion',
      messages: [{ role: 'user', text: 'Once upon' }],
      params: { stop: ['X'] },
    });
    expect(result.text).toBe('done');
    expect(seen[0]).toMatchObject({ path: '/v1/completions', body: { prompt: 'Once upon', stop: ['X'] } });
  });

  it('closes the connection when aborted', async () => {
    const closed = Promise.withResolvers<unknown>();
    answer = (response) => {
      response.on('close', () => closed.resolve(undefined));
      response
        .setHeader('content-type', 'text/event-stream')
        .write(`data: ${JSON.stringify(chunk({ content: 'a' }))}\n\n`);
    };
    const controller = new AbortController();
    const failure = invoke({ signal: controller.signal, onDelta: () => controller.abort(new Error('stopped')) });
    await expect(failure).rejects.toThrow('stopped');
    await closed.promise;
  });
});

describe('structured output', () => {
  const outputSchema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
  const bodyOf = async (wanted: Partial<ModelRequest>, credentials?: Record<string, string>) => {
    answer = hello;
    await invoke({ outputSchema, ...wanted }, credentials);
    return JSON.stringify(seen.at(-1)?.body);
  };

  it('hands the schema to an API that takes one', async () => {
    await bodyOf({ params: { response_format: 'text', temperature: 0 } });
    expect(seen[0]?.body).toMatchObject({
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'llm_response', strict: false, schema: outputSchema },
      },
      messages: [{ content: 'Be brief.' }, { content: 'Hi' }],
    });
  });

  it.each<[string, Partial<ModelRequest>, Record<string, string>]>([
    ['an old model', { model: 'gpt-3.5-turbo' }, {}],
    ['a compatible server', { provider: 'openai_api_compatible', model: 'm' }, {}],
    ['DeepSeek', { provider: 'deepseek' }, {}],
  ])('asks %s in words', async (_, wanted, credentials) => {
    const body = await bodyOf(wanted, credentials);
    expect(body).not.toContain('response_format');
    expect(seen[0]?.body['messages']).toMatchObject([
      { role: 'system', content: expect.stringContaining(JSON.stringify(outputSchema)) as string },
      { role: 'user', content: 'Hi' },
    ]);
  });

  it.each<[string, Partial<ModelRequest>, Record<string, string>]>([
    ['an old model of OpenAI', { model: 'gpt-4-turbo' }, { base_url: '' }],
    [
      'an old model of Azure',
      { provider: 'azure_openai', model: 'mine' },
      { openai_api_base: 'http://h.invalid', base_url: '', base_model_name: 'gpt-35-turbo' },
    ],
    [
      'a server whose owner says no',
      { provider: 'openai_api_compatible', model: 'm' },
      { structured_output_support: 'not_supported' },
    ],
    [
      'a server whose owner declares other features only',
      { provider: 'openai_api_compatible', model: 'm' },
      { function_calling_type: 'tool_call' },
    ],
    ['one that sees', { provider: 'openai_api_compatible', model: 'm' }, { vision_support: 'support' }],
  ])('asks %s not at all', async (_, wanted, credentials) => {
    await expect(bodyOf(wanted, credentials)).rejects.toMatchObject({
      message: `Structured output is not supported by model ${wanted.model}`,
      errorType: 'LLMNodeError',
    });
    expect(seen).toEqual([]);
  });

  it.each<[string, Partial<ModelRequest>, Record<string, string>]>([
    ['without features', { provider: 'openai_api_compatible', model: 'gpt-4' }, { vision_support: 'no_support' }],
    ['that calls no functions', { provider: 'my_own', model: 'm' }, { function_calling_type: 'no_call' }],
    ['at an address of its own', { model: 'gpt-4' }, {}],
    ['that a deployment only sounds like', { provider: 'azure_openai', model: 'gpt-4' }, {}],
  ])('asks a model %s in words', async (_, wanted, credentials) => {
    expect(await bodyOf(wanted, credentials)).toContain('JSON schema');
  });

  it('asks for no schema where none is wanted, whatever is declared', async () => {
    const declared = { structured_output_support: 'not_supported' };
    expect(await bodyOf({ outputSchema: undefined as never, provider: 'my_own' }, declared)).not.toContain('schema');
  });

  it('trusts a compatible server whose owner says so', async () => {
    const wanted = { provider: 'openai_api_compatible', model: 'm' };
    const declared = { structured_output_support: 'supported', vision_support: 'support' };
    expect(await bodyOf(wanted, declared)).toContain('json_schema');
  });
});

describe('parameters', () => {
  const schema = { type: 'object', properties: {} };
  it.each<[ModelRequest['params'], object]>([
    [{ response_format: 'json_object' }, { response_format: { type: 'json_object' } }],
    [{ response_format: { type: 'json_object' } }, { response_format: { type: 'json_object' } }],
    [
      { response_format: 'json_schema', json_schema: JSON.stringify({ name: 'n', strict: true, schema }) },
      { response_format: { type: 'json_schema', json_schema: { name: 'n', strict: true, schema } } },
    ],
    [
      { response_format: 'json_schema', json_schema: JSON.stringify(schema) },
      { response_format: { type: 'json_schema', json_schema: { strict: false, schema } } },
    ],
    [{ max_completion_tokens: 9 }, { max_completion_tokens: 9 }],
    [
      { seed: 3, top_p: 0.5, stop: 'X', presence_penalty: 1 },
      { seed: 3, top_p: 0.5, stop: ['X'], presence_penalty: 1 },
    ],
    [
      { enable_thinking: false, vendor: { deep: [1] } },
      { enable_thinking: false, vendor: { deep: [1] } },
    ],
  ])('%j', async (params, expected) => {
    answer = hello;
    await invoke({ params });
    expect(seen[0]?.body).toMatchObject(expected);
  });

  it('leaves out what is empty and what only we set', async () => {
    answer = hello;
    await invoke({ params: { stop: [], temperature: null, stream: false, model: 'other', response_format: 'text' } });
    expect(Object.keys(seen[0]?.body ?? {}).sort()).toEqual(['messages', 'model', 'stream', 'stream_options']);
    expect(seen[0]?.body).toMatchObject({ model: 'gpt-4o-mini', stream: true });
  });

  it('names a schema that is no JSON', async () => {
    const params = { response_format: 'json_schema', json_schema: '{' };
    await expect(invoke({ params })).rejects.toMatchObject({
      errorType: 'InvokeBadRequestError',
      message: '[openai] The parameter json_schema is not valid JSON',
    });
    expect(seen).toHaveLength(0);
  });

  it("speaks of reasoning in each API's words", async () => {
    answer = (response) => fails(500, {})(response, seen[0] as never);
    const ask = (provider: string, params: ModelRequest['params'], model = 'm') =>
      invoke({ provider, params, model, maxRetries: 0 }).catch(() => undefined);
    await ask('anthropic', { thinking: true, thinking_budget: 1024, max_tokens: 10 }, 'claude-sonnet-4-5');
    await ask('google', { thinking_budget: 5, top_k: 3 }, 'gemini-2.5-flash');
    expect(seen).toMatchObject([
      { body: { thinking: { type: 'enabled', budget_tokens: 1024 } } },
      { body: { generationConfig: { thinkingConfig: { thinkingBudget: 5 }, topK: 3 } } },
    ]);
  });
});

describe('other protocols', () => {
  it('speaks Anthropic', async () => {
    answer = (response) =>
      events(
        response,
        { type: 'message_start', message: { id: 'm', model: 'claude', usage: { input_tokens: 10, output_tokens: 1 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Bonjour' } },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } },
        { type: 'message_stop' },
      );
    const result = await invoke({
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      params: { max_tokens: 9, top_k: 2 },
    });
    expect(result).toMatchObject({
      text: 'Bonjour',
      finishReason: 'end_turn',
      usage: { total_tokens: 14, total_price: '0.00009' },
    });
    expect(seen[0]).toMatchObject({
      path: '/v1/messages',
      headers: { 'x-api-key': 'sk-secret' },
      body: { max_tokens: 9, top_k: 2, system: [{ text: 'Be brief.' }] },
    });
  });

  it('speaks Google', async () => {
    answer = (response) =>
      events(response, {
        candidates: [{ content: { parts: [{ text: 'Hallo' }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
      });
    const result = await invoke({ provider: 'google', model: 'gemini-2.5-flash' });
    expect(result).toMatchObject({ text: 'Hallo', finishReason: 'STOP', usage: { total_tokens: 7 } });
    expect(seen[0]?.path).toContain('/v1beta/models/gemini-2.5-flash:streamGenerateContent');
    expect(seen[0]?.headers['x-goog-api-key']).toBe('sk-secret');
  });
});

describe('failures', () => {
  const error = (message: string, code?: string) => ({ error: { message, type: 'x', ...(code && { code }) } });
  it.each<[string, Answer, object]>([
    [
      '401',
      fails(401, error('Bad key sk-secret')),
      { errorType: 'InvokeAuthorizationError', apiCode: 'provider_not_initialize', message: '[openai] Bad key ***' },
    ],
    ['403', fails(403, error('no')), { apiCode: 'provider_not_initialize' }],
    [
      '429',
      fails(429, error('slow down'), { 'retry-after': '2' }),
      { errorType: 'InvokeRateLimitError', apiCode: undefined, retryAfterMs: 2000 },
    ],
    [
      '429 quota',
      fails(429, error('pay', 'insufficient_quota')),
      { errorType: 'QuotaExceededError', apiCode: 'provider_quota_exceeded' },
    ],
    [
      '404 model',
      fails(404, error('The model `x` does not exist', 'model_not_found')),
      { errorType: 'ModelNotExistError', apiCode: 'model_currently_not_support' },
    ],
    ['404 path', fails(404, 'nothing here'), { errorType: 'InvokeBadRequestError', apiCode: undefined }],
    ['400', fails(400, error('bad')), { errorType: 'InvokeBadRequestError', apiCode: undefined }],
    [
      '503',
      fails(503, error('busy'), { 'retry-after-ms': '150' }),
      { errorType: 'InvokeServerUnavailableError', retryAfterMs: 150 },
    ],
    [
      'error in stream',
      (response) => events(response, chunk({ content: 'a' }), error('overloaded')),
      { message: '[openai] overloaded' },
    ],
    [
      'cut stream',
      (response) => response.write('data: {', () => response.destroy()),
      { errorType: 'InvokeConnectionError' },
    ],
    ['closed socket', (response) => response.destroy(), { errorType: 'InvokeConnectionError' }],
  ])('%s', async (_, respond, expected) => {
    answer = respond;
    await expect(invoke({ maxRetries: 0 })).rejects.toMatchObject({ name: 'ModelError', ...expected });
    expect(seen).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['429', fails(429, error('slow down'), { 'retry-after-ms': '1' })],
    ['500', fails(500, error('oops'), { 'retry-after-ms': '1' })],
    ['closed socket', (response) => response.destroy()],
  ])('%s before the first text is repeated', async (_, respond) => {
    const answers = [respond, hello];
    answer = (response, call) => answers.shift()?.(response, call);
    const deltas: string[] = [];
    expect(await invoke({ onDelta: (text) => deltas.push(text) })).toMatchObject({ text: 'Hello' });
    expect([seen.length, deltas]).toEqual([2, ['Hel', 'lo']]);
  });

  it.each<[string, Answer, string]>([
    [
      'an answer without end',
      (response) => {
        response.setHeader('content-type', 'text/event-stream');
        const piece = `data: ${JSON.stringify(chunk({ content: 'x'.repeat(500_000) }))}\n\n`;
        Readable.from(repeated(piece))
          .on('error', () => undefined)
          .pipe(response);
      },
      '8388608 characters',
    ],
    [
      'a line without end',
      (response) => {
        response.setHeader('content-type', 'text/event-stream');
        Readable.from(repeated('x'.repeat(1_000_000))).pipe(response);
      },
      'exceeds the limit of 67108864 bytes',
    ],
    [
      'an error without end',
      (response) => {
        response.writeHead(500, { 'content-type': 'application/json' });
        Readable.from(repeated('{'.repeat(1_000_000))).pipe(response);
      },
      'exceeds the limit of 67108864 bytes',
    ],
    ['a long error', fails(400, error('x'.repeat(1_000_000))), '992000 characters left out'],
  ])('%s fails, and is not asked for again', async (_, respond, message) => {
    answer = respond;
    await expect(invoke({})).rejects.toMatchObject({ message: expect.stringContaining(message) as string });
    expect(seen).toHaveLength(1);
  });

  it('gives up after two repetitions', async () => {
    answer = fails(503, error('busy'), { 'retry-after-ms': '1' });
    await expect(invoke({})).rejects.toMatchObject({ errorType: 'InvokeServerUnavailableError', retryAfterMs: 1 });
    expect(seen).toHaveLength(3);
  });

  it('does not repeat once text has come', async () => {
    answer = (response) => {
      response.setHeader('content-type', 'text/event-stream');
      response.write(`data: ${JSON.stringify(chunk({ content: 'a' }))}\n\n`, () => response.destroy());
    };
    await expect(invoke({})).rejects.toMatchObject({ errorType: 'InvokeConnectionError' });
    expect(seen).toHaveLength(1);
  });

  it('stops waiting as soon as it is aborted', async () => {
    const controller = new AbortController();
    answer = (response, call) => {
      fails(429, error('slow down'), { 'retry-after': '20' })(response, call);
      response.on('close', () => setImmediate(() => controller.abort(new Error('stopped'))));
    };
    await expect(invoke({ signal: controller.signal })).rejects.toThrow('stopped');
    expect(seen).toHaveLength(1);
  });

  it('without credentials or key, nobody is called', async () => {
    await expect(invoke({}, null)).rejects.toMatchObject({ apiCode: 'provider_not_initialize' });
    await expect(invoke({}, { api_key: '' })).rejects.toMatchObject({ apiCode: 'provider_not_initialize' });
    expect(seen).toHaveLength(0);
  });

  it('names an address that is not allowed', async () => {
    const failure = invoke({}, { base_url: 'http://169.254.169.254/v1' });
    await expect(failure).rejects.toMatchObject({
      errorType: 'InvokeConnectionError',
      message: '[openai] 169.254.169.254 is not allowed',
    });
  });

  it.each([
    ...['http://2852039166', 'http://0xa9.0xfe.0xa9.0xfe', 'http://0251.0376.0251.0376', 'http://169.254.43518'],
    ...[
      'http://[::ffff:169.254.169.254]',
      'http://[fd00:ec2::254]',
      'http://10.0.0.1',
      'http://me:hush@10.0.0.1',
      'http://[::1]',
    ],
  ])('credentials of a tenant cannot lead a worker to %s', async (address) => {
    for (const provider of ['openai', 'anthropic', 'google', 'cohere', 'mistralai']) {
      const failure = invoke({ provider }, { api_key: 'sk-very-secret', base_url: `${address}/v1` });
      const error = (await failure.catch((each: unknown) => each)) as Error;
      expect(error).toMatchObject({
        errorType: 'InvokeConnectionError',
        message: expect.stringContaining('is not allowed') as unknown,
      });
      expect(error.message).not.toMatch(/sk-very-secret|hush/);
    }
    expect(seen).toHaveLength(0);
  });
});
