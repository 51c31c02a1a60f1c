import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelRequest } from '@millrace/contracts';
import { createOutbound } from '@millrace/outbound';
import { mintRunTrace, startTelemetry, uncatalogued, withNodeSpan } from '@millrace/telemetry';
import { readExportedSpans, startModelServer, type ModelServer, type ReceivedSpan } from '@millrace/testing';
import { createModels } from './models.js';

let model: ModelServer;
let folder: string;
let spans: ReceivedSpan[];
let text: string;

// The SDK can be started once in a process: all calls are made here, the tests look at what was exported.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-spans-'));
  model = await startModelServer({ text: 'Said by the model', promptTokens: 11, completionTokens: 4 });
  const telemetry = await startTelemetry({
    service: 'test',
    env: { OTEL_TRACES_EXPORTER: 'otlp_file', MILLRACE_TELEMETRY_DIR: folder },
  });
  const outbound = createOutbound({ allowCidrs: ['127.0.0.0/8'] });
  const credentials = async (_tenant: string, provider: string) => ({
    api_key: 'sk-secret',
    base_url: provider === 'gemini' ? model.googleBaseUrl : model.baseUrl,
  });
  const models = createModels({ outbound, credentials: { credentials } });
  const invoke = (wanted: Partial<ModelRequest>) =>
    models.invoke({
      ...{ tenantId: 't', provider: 'langgenius/openai/openai', model: 'gpt-4o-mini', mode: 'chat', executionId: 'e' },
      messages: [{ role: 'user', text: 'Typed by a user' }],
      params: {},
      signal: new AbortController().signal,
      ...wanted,
    });
  const { carrier } = mintRunTrace({ name: 'r' });
  await withNodeSpan(carrier, { nodeType: 'llm', nodeId: 'n', runId: 'r' }, async () => {
    model.script({ status: 500, errorMessage: 'Typed by a user is bad' });
    await invoke({ params: { temperature: 0.5, max_tokens: 64, stop: 'Typed by a user', user: 'Typed by a user' } });
    model.script({ status: 401, errorMessage: 'Typed by a user is bad' });
    await invoke({ provider: 'gemini', model: 'gemini-2.0-flash' }).catch(() => undefined);
    await invoke({ mode: 'completion', model: 'davinci', outputSchema: { type: 'object' } });
  });
  await telemetry.shutdown();
  await Promise.all([outbound.close(), model.close()]);
  ({ spans, text } = await readExportedSpans(folder));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const only = (name: string): ReceivedSpan => {
  const [span, ...more] = spans.filter((each) => each.name === name);
  if (!span || more.length > 0) throw new Error(`not one span ${name}: ${spans.map((each) => each.name).join(', ')}`);
  return span;
};

it('a call is a client span below the node, named by operation and model', () => {
  const chat = only('chat gpt-4o-mini');
  expect(chat).toMatchObject({ kind: 3, statusCode: 0, parentSpanId: only('node llm').spanId });
  expect(chat.attributes).toEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o-mini',
    'gen_ai.request.stream': true,
    'gen_ai.output.type': 'text',
    'gen_ai.request.temperature': 0.5,
    'gen_ai.request.max_tokens': 64,
    'gen_ai.response.model': 'gpt-4o-mini',
    'gen_ai.response.id': expect.any(String) as string,
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.response.time_to_first_chunk': expect.any(Number) as number,
    'gen_ai.usage.input_tokens': 11,
    'gen_ai.usage.output_tokens': 4,
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(model.url).port),
  });
});

it('its repetitions are requests below it, counted', () => {
  const requests = spans.filter(({ parentSpanId }) => parentSpanId === only('chat gpt-4o-mini').spanId);
  expect(
    requests
      .sort((a, b) => a.startMs - b.startMs)
      .map(({ attributes }) => [attributes['http.response.status_code'], attributes['http.request.resend_count']]),
  ).toEqual([
    [500, undefined],
    [200, 1],
  ]);
});

it('a failure is told by its class; providers have the names of the conventions', () => {
  expect(only('chat gemini-2.0-flash')).toMatchObject({
    statusCode: 2,
    statusMessage: '',
    attributes: { 'error.type': 'InvokeAuthorizationError', 'gen_ai.provider.name': 'gcp.gemini' },
  });
});

it('a completion is told apart, and an answer that is to be JSON', () => {
  expect(only('text_completion davinci').attributes).toMatchObject({
    'gen_ai.operation.name': 'text_completion',
    'gen_ai.output.type': 'json',
  });
});

it('no prompt, answer, message of an error or key is exported, and nothing that is not in the catalogue', () => {
  expect(text).not.toMatch(/Typed by a user|Said by|sk-secret/);
  expect(uncatalogued(spans)).toEqual([]);
});
