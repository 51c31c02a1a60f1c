import { orphansOf, startModelServer, startOtlpReceiver, type ModelServer, type OtlpReceiver } from '@millrace/testing';
import { Client, collect } from '../client.js';
import { Fleet } from '../fleet.js';
import { ask } from '../workflows.js';

let fleet: Fleet;
let model: ModelServer;
let otlp: OtlpReceiver;

beforeAll(async () => {
  [otlp, model] = await Promise.all([startOtlpReceiver(), startModelServer()]);
  fleet = await Fleet.start({ workers: 2, env: { ...otlp.env, OTEL_BSP_SCHEDULE_DELAY: '100' } });
  await fleet.saveModel(model.baseUrl);
}, 120_000);
afterAll(async () => {
  await fleet.stop();
  await Promise.all([model.close(), otlp.close()]);
}, 60_000);

const nodes = 3;

it('makes one trace of a run over gateway and workers, without orphans (promise 7)', async () => {
  const client = new Client(fleet.url(), (await fleet.publish(ask())).apiKey);
  const traceId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
  const run = await client.stream({ question: 'q' }, { 'x-trace-id': traceId });
  const events = await collect(run);
  expect(run.headers.get('x-trace-id')).toBe(traceId);
  expect(run.headers.get('traceparent')).toMatch(new RegExp(`^00-${traceId}-`));
  expect(events.every(({ raw }) => raw['trace_id'] === traceId)).toBe(true);

  const wanted = [
    'POST /v1/workflows/run',
    'workflow run',
    'relay streaming',
    ...Array<string>(nodes).fill('node queue'),
  ];
  const spans = await otlp.until((all) => {
    const names = all.filter((span) => span.traceId === traceId).map(({ name }) => name);
    const executed = names.filter((name) => /^node (start|llm|end)$/.test(name)).length;
    return (
      executed === nodes &&
      wanted.every((name) => names.includes(name)) &&
      names.filter((name) => name === 'node queue').length === nodes
    );
  });
  const trace = spans.filter((span) => span.traceId === traceId);
  expect(orphansOf(spans, traceId)).toEqual([]);
  expect(trace.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual([
    'POST /v1/workflows/run',
  ]);
  const runSpan = trace.find(({ name }) => name === 'workflow run');
  expect(
    trace.filter(({ name }) => name.startsWith('node ')).every(({ parentSpanId }) => parentSpanId === runSpan?.spanId),
  ).toBe(true);
}, 180_000);
