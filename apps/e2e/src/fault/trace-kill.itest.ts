import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { uncatalogued } from '@millrace/telemetry';
import {
  end,
  http,
  llm,
  orphansOf,
  readExportedSpans,
  readExports,
  start,
  startHttpTarget,
  startModelServer,
  workflowFile,
  type HttpTarget,
  type ModelServer,
  type ReceivedSpan,
  type ServiceProcess,
} from '@millrace/testing';
import { checkStream, Client, collect } from '../client.js';
import { Fleet } from '../fleet.js';

/** What users type, and what is secret: none of it may be exported. */
const confidential = {
  typed: 'Typed-By-A-User',
  answer: 'Said-By-The-Model',
  key: 'Secret-Env-Value',
  inline: 'k3y0000000000000000inline',
  modelKey: 'sk-test-secret',
};

let fleet: Fleet;
let target: HttpTarget;
let model: ModelServer;
const asked = new Map<string, number>();

beforeAll(async () => {
  [target, model] = await Promise.all([
    startHttpTarget(({ path }) => {
      const place = path.split(/[/?]/)[1] ?? '';
      const times = (asked.get(place) ?? 0) + 1;
      asked.set(place, times);
      if (place === 'flaky' && times === 1) return { status: 503 };
      if (place === 'moved') return { status: 302, headers: { location: `/there/${confidential.inline}` } };
      if (place === 'slow' && times === 1) return { hang: true };
      return { body: 'fine' };
    }),
    startModelServer({ text: confidential.answer }),
  ]);
  fleet = await Fleet.start({
    workers: 2,
    env: {
      OTEL_TRACES_EXPORTER: 'otlp_file',
      OTEL_LOGS_EXPORTER: 'otlp_file',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      MILLRACE_TRACE_STORE_RATIO: '1',
      LOG_LEVEL: 'info',
    },
  });
  await fleet.saveModel(model.baseUrl);
}, 120_000);
afterAll(async () => {
  await fleet.stop();
  await Promise.all([target.close(), model.close()]);
}, 60_000);

const folder = (): string => join(fleet.dataDir, 'telemetry');

/** The spans of a trace once `done` accepts them. */
async function traceOf(traceId: string, done: (trace: ReceivedSpan[]) => boolean): Promise<ReceivedSpan[]> {
  for (const until = Date.now() + 90_000; ; await pause(200)) {
    const { spans } = await readExportedSpans(folder());
    const trace = spans.filter((span) => span.traceId === traceId);
    if (done(trace)) return trace;
    if (Date.now() > until) throw new Error(`exported: ${trace.map(({ name }) => name).join(', ')}`);
  }
}

const count = (trace: ReceivedSpan[], name: string): number => trace.filter((span) => span.name === name).length;

const nodeSpan = (trace: ReceivedSpan[], nodeId: string): ReceivedSpan[] =>
  trace
    .filter(({ name, attributes }) => /^node (?!queue)/.test(name) && attributes['millrace.node.id'] === nodeId)
    .sort(
      (a, b) => Number(a.attributes['millrace.node.crashes'] ?? 0) - Number(b.attributes['millrace.node.crashes'] ?? 0),
    );

const below = (trace: ReceivedSpan[], parent: ReceivedSpan | undefined): ReceivedSpan[] =>
  trace.filter(({ parentSpanId }) => parentSpanId === parent?.spanId);

/** The worker that is executing a node. */
async function busyWorker(): Promise<ServiceProcess> {
  for (const worker of fleet.workers) {
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    if (/^millrace_worker_slots_used\S* 1$/m.test(metrics)) return worker;
  }
  throw new Error('no worker is busy');
}

const calls = (): string =>
  workflowFile({
    name: 'calls',
    environmentVariables: [{ name: 'KEY', value: confidential.key, value_type: 'secret' }],
    nodes: [
      start([{ variable: 'text', required: true }]),
      llm('model', 'Repeat {{#start.text#}}'),
      http('flaky', `${target.url}/flaky/{{#start.text#}}/x?key={{#env.KEY#}}&q={{#start.text#}}`, {
        method: 'post',
        headers: 'X-Key: {{#env.KEY#}}\nAuthorization: Bearer {{#env.KEY#}}',
        body: { type: 'raw-text', data: [{ type: 'text', key: '', value: '{{#start.text#}}' }] },
        retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 20 },
      }),
      http('moved', `${target.url}/moved/${confidential.inline}`),
      http('slow', `${target.url}/slow`),
      end({ answer: ['model', 'text'] }),
    ],
  });

it('a run whose worker is killed has one trace, without orphans, linked over its attempts', async () => {
  const traceId = 'a1b2c3d4e5f60718293a4b5c6d7e8f91';
  const client = new Client(fleet.url(), (await fleet.publish(calls())).apiKey);
  model.script({ status: 500 });
  const run = await client.stream({ text: confidential.typed }, { 'x-trace-id': traceId });
  const events = collect(run);
  for (const until = Date.now() + 60_000; (asked.get('slow') ?? 0) === 0; await pause(50)) {
    if (Date.now() > until) throw new Error(`the run never came to its slow node\n${await fleet.logs()}`);
  }
  // What came before is exported; what is under way is lost with the worker.
  const before = { start: 1, model: 1, flaky: 2, moved: 1 };
  await traceOf(traceId, (trace) =>
    Object.entries(before).every(([id, spans]) => nodeSpan(trace, id).length === spans),
  );
  (await busyWorker()).kill('SIGKILL');
  const finished = await events;
  checkStream(finished);
  // The failed attempt counts as an exception.
  expect(finished.at(-1)?.data).toMatchObject({
    status: 'partial-succeeded',
    outputs: { answer: confidential.answer },
  });

  const names = ['POST /v1/workflows/run', 'workflow run', 'node end', 'relay streaming'];
  const trace = await traceOf(
    traceId,
    (spans) => names.every((name) => count(spans, name) === 1) && nodeSpan(spans, 'slow').length === 2,
  );
  expect(orphansOf(trace, traceId)).toEqual([]);
  expect(trace.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual([names[0]]);
  expect(new Set(trace.map(({ spanId }) => spanId)).size).toBe(trace.length);
  expect(uncatalogued(trace)).toEqual([]);

  const [runSpan] = trace.filter(({ name }) => name === 'workflow run');
  expect(runSpan?.attributes).toMatchObject({ 'millrace.run.id': run.runId, 'millrace.trace.id': traceId });

  // A model call with the repetition that it made by itself.
  const [chat, ...more] = below(trace, nodeSpan(trace, 'model')[0]).filter(({ name }) => name.startsWith('chat '));
  expect(more).toEqual([]);
  expect(chat).toMatchObject({ kind: 3, statusCode: 0, attributes: { 'gen_ai.provider.name': 'openai' } });
  const requests = below(trace, chat).sort((a, b) => a.startMs - b.startMs);
  expect(requests.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([500, 200]);
  expect(requests.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1]);

  // A retry links to the attempt that failed.
  const [first, second] = nodeSpan(trace, 'flaky').sort((a, b) => a.startMs - b.startMs);
  expect(first).toMatchObject({ statusCode: 2, links: [], attributes: { 'error.type': 'HTTPResponseCodeError' } });
  expect(second).toMatchObject({ statusCode: 0, links: [{ traceId, spanId: first?.spanId }] });
  expect(second?.attributes['millrace.node.attempt']).toBe(2);
  const [post] = below(trace, first).filter(({ name }) => name === 'POST');
  expect(post?.attributes).toMatchObject({
    'url.full': `${target.url}/flaky/REDACTED/x`,
    'server.address': '127.0.0.1',
    'http.response.status_code': 503,
    'error.type': '503',
  });

  // Each hop of a redirect is a request.
  const hops = below(trace, nodeSpan(trace, 'moved')[0]).filter(({ name }) => name === 'GET');
  expect(hops.map(({ attributes }) => attributes['url.full'])).toEqual([
    `${target.url}/moved/REDACTED`,
    `${target.url}/REDACTED`,
  ]);

  // The dead attempt is recorded by the next, which links to it.
  const [lost, again] = nodeSpan(trace, 'slow');
  expect(lost).toMatchObject({ statusCode: 2, attributes: { 'error.type': 'worker_died' } });
  expect(again).toMatchObject({
    links: [{ traceId, spanId: lost?.spanId }],
    attributes: { 'millrace.node.crashes': 1 },
  });

  // Calls to the stores hang where they were made.
  const stored = trace.filter(({ attributes }) => attributes['db.system.name'] !== undefined);
  expect(new Set(stored.map(({ attributes }) => attributes['db.system.name']))).toEqual(
    new Set(['redis', 'postgresql']),
  );
  const parents = new Set(stored.map(({ parentSpanId }) => trace.find(({ spanId }) => spanId === parentSpanId)?.name));
  expect([...parents].every((name) => name === names[0] || name?.startsWith('node ') === true)).toBe(true);
}, 240_000);

it('exports nothing that users typed, nothing that models said, no key, and no message of an error', async () => {
  const file = workflowFile({
    name: 'nonsense',
    nodes: [start([{ variable: 'text' }]), http('call', '{{#start.text#}}'), end({ body: ['call', 'body'] })],
  });
  const client = new Client(fleet.url(), (await fleet.publish(file)).apiKey);
  const run = await client.stream({ text: `http://[${confidential.typed}.${confidential.key}` });
  const last = (await collect(run)).at(-1);
  expect(last?.data).toMatchObject({ status: 'failed', error: expect.stringContaining(confidential.typed) as string });
  const traceId = run.headers.get('traceparent')?.slice(3, 35) ?? '';
  await traceOf(traceId, (trace) => count(trace, 'workflow run') === 1 && count(trace, 'POST /v1/workflows/run') === 1);

  const { text } = await readExportedSpans(folder());
  const logs = await readExports(folder(), 'logs');
  expect(logs).toContain('worker ready');
  for (const value of [...Object.values(confidential), client.apiKey]) {
    expect(`${text}${logs}`).not.toContain(value);
  }
}, 120_000);
