import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orphansOf, readExportedSpans, readExports, type ReceivedSpan } from '@millrace/testing';
import { attemptSpanId, describeAttempt } from './attempt-span.js';
import { failActiveSpan, recordingSpan, resendCount, withChildSpan, withResendCount } from './child-span.js';
import { mostHeldChildren } from './held-spans.js';
import { createLogger } from './logger.js';
import { mintRunTrace, recordRunSpan, withNodeSpan } from './run-trace.js';
import { withStoreSpan } from './store-span.js';
import { startTelemetry } from './telemetry.js';

const runTraceId = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const chosenTraceId = 'bbbbbbbbbbbbbbbbbbbbbbbb00000000';
const child = (name: string) => () => ({ name, attributes: { 'server.address': 'h' } });
const claim = { token: '11111111-2222-4333-8444-555555555555', crashes: 0, startedAtMs: Date.now() - 5_000 };
const readyAtMs = Date.now() - 3_000;
const former = '99999999-2222-4333-8444-abcdefabcdef';

let folder: string;
let spans: ReceivedSpan[];
let records: { traceId?: string; body: { stringValue: string }; severityText: string }[];
let wholeText: string;
const seen: Record<string, unknown> = {};
const named = (name: string): ReceivedSpan[] => spans.filter((span) => span.name === name);
const only = (name: string): ReceivedSpan => {
  const [span, ...more] = named(name);
  if (!span || more.length > 0) throw new Error(`${named(name).length} spans named ${name}`);
  return span;
};

// The SDK can be started once in a process: everything happens here, the tests look at what was exported.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-spans-'));
  const telemetry = await startTelemetry({
    service: 'test',
    env: {
      OTEL_TRACES_EXPORTER: 'otlp_file',
      OTEL_LOGS_EXPORTER: 'otlp_file',
      MILLRACE_TELEMETRY_DIR: join(folder, 'made'),
      MILLRACE_TRACE_STORE_RATIO: '0.5',
    },
  });
  const lines: string[] = [];
  const logger = createLogger({ service: 'test', destination: { write: (line: string) => lines.push(line) } });

  const { carrier } = mintRunTrace({ name: 'r', traceIdHint: runTraceId });
  const node = { nodeType: 'llm', nodeId: 'n', runId: 'r' };
  await withNodeSpan(carrier, { ...node, traceId: 'order-7' }, async () => {
    await withChildSpan(child('call'), async () => {
      logger.warn({ apiKey: 'sk-secret' }, 'in a call');
      await withChildSpan(child('request'), () => Promise.resolve());
      await withResendCount(2, async () => (seen['resends'] = resendCount()));
    });
    await withChildSpan(child('broken'), () => Promise.reject(new TypeError('user text'))).catch(() => undefined);
    await withStoreSpan(child('not chosen'), () => Promise.resolve());
    failActiveSpan('HTTPResponseCodeError');
  });
  logger.info('outside');
  seen['lines'] = lines.map((line) => JSON.parse(line) as unknown);

  const chosen = mintRunTrace({ name: 's', traceIdHint: chosenTraceId }).carrier;
  await withNodeSpan(chosen, { ...node, nodeType: 'busy' }, async () => {
    await withStoreSpan(child('stored'), () => withStoreSpan(child('inner'), () => Promise.resolve()));
    for (let i = 0; i < mostHeldChildren + 10; i++) await withChildSpan(child('many'), () => Promise.resolve());
  });
  await withChildSpan(child('outside of any span'), () => Promise.resolve());
  seen['outside'] = recordingSpan();

  const job = { attempt: 2, readyAtMs, formerSpanId: '1234567812345678' };
  seen['attempt'] = describeAttempt(carrier, { ...node, nodeType: 'dead' }, job, {
    ...claim,
    crashes: 1,
    formerToken: former,
  });
  seen['unsampled'] = describeAttempt({ traceparent: `00-${runTraceId}-1111111111111111-00` }, node, job, claim);
  const ids = {
    runId: 'r',
    shard: 0,
    tenantId: 't',
    appId: 'a',
    versionId: 'v',
    taskId: 'k',
    endUserId: 'e',
    user: 'u',
  };
  recordRunSpan(
    { ...ids, traceId: runTraceId, trace: carrier, createdAtMs: 1 },
    { status: 'failed', error: 'it said user text', finishedAtMs: 2 },
  );
  await telemetry.shutdown();

  const exported = await readExportedSpans(join(folder, 'made'));
  spans = exported.spans;
  const logs = await readExports(join(folder, 'made'), 'logs');
  wholeText = exported.text + logs;
  records = logs
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const { resourceLogs } = JSON.parse(line) as {
        resourceLogs: { scopeLogs: { logRecords: typeof records }[] }[];
      };
      return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
    });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('child spans', () => {
  it('hang under the span that was active, to any depth', () => {
    expect(only('call')).toMatchObject({ kind: 3, parentSpanId: only('node llm').spanId, traceId: runTraceId });
    expect(only('request').parentSpanId).toBe(only('call').spanId);
    expect(only('call').endMs).toBeLessThanOrEqual(only('node llm').endMs);
  });

  it('are exported after their parents (T4)', () => {
    const order = spans.map(({ name }) => name);
    expect(order.indexOf('node llm')).toBeLessThan(order.indexOf('call'));
    expect(order.indexOf('call')).toBeLessThan(order.indexOf('request'));
  });

  it('are bounded for one parent', () => {
    expect(named('many').length + named('stored').length).toBe(mostHeldChildren);
  });

  it('tell an error by its class, never by its message (T5)', () => {
    expect(only('broken')).toMatchObject({
      statusCode: 2,
      statusMessage: '',
      attributes: { 'error.type': 'TypeError' },
    });
    expect(only('node llm')).toMatchObject({ statusCode: 2, attributes: { 'error.type': 'HTTPResponseCodeError' } });
    expect(only('workflow run')).toMatchObject({ statusCode: 2, attributes: { 'error.type': 'failed' } });
    expect(wholeText).not.toContain('user text');
  });

  it('are not made outside of a span', () => {
    expect(named('outside of any span')).toEqual([]);
    expect(seen['outside']).toBeUndefined();
  });

  it('know how often a request was sent before', () => {
    expect(seen['resends']).toBe(2);
    expect(resendCount()).toBe(0);
  });
});

describe('spans of stores', () => {
  it('belong to the share of traces that was asked for', () => {
    expect(only('stored').traceId).toBe(chosenTraceId);
    expect(named('not chosen')).toEqual([]);
    expect(named('inner')).toEqual([]);
  });
});

describe('attempts', () => {
  it('link to the failed and to the dead attempt, whose span is recorded for it', () => {
    const lost = attemptSpanId(former);
    expect(seen['attempt']).toMatchObject({
      spanId: '8444555555555555',
      links: [{ spanId: '1234567812345678' }, { spanId: lost }],
      attributes: { 'millrace.node.attempt': 2, 'millrace.node.crashes': 1 },
    });
    expect(only('node dead')).toMatchObject({
      spanId: lost,
      traceId: runTraceId,
      startMs: readyAtMs,
      statusCode: 2,
      attributes: { 'error.type': 'worker_died', 'millrace.node.attempt': 2 },
    });
  });

  it('are nothing in a trace that is not sampled', () => {
    expect(seen['unsampled']).toBeUndefined();
  });
});

describe('the export to files', () => {
  it('says which process wrote', () => {
    expect(spans[0]?.resource).toMatchObject({
      'service.name': 'test',
      'service.namespace': 'millrace',
      'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      'process.pid': process.pid,
    });
    expect(orphansOf(spans, runTraceId).map(({ parentSpanId }) => parentSpanId)).not.toContain(only('call').spanId);
  });

  it('writes log records with their span, redacted', () => {
    const inCall = records.find(({ body }) => body.stringValue === 'in a call');
    expect(inCall).toMatchObject({ traceId: runTraceId, spanId: only('call').spanId, severityText: 'WARN' });
    expect(records.find(({ body }) => body.stringValue === 'outside')).toBeDefined();
    expect(wholeText).not.toContain('sk-secret');
  });

  it('leaves the lines themselves as they are, with the ids of trace and span', () => {
    expect(seen['lines']).toMatchObject([
      { trace_id: runTraceId, public_trace_id: 'order-7', span_id: only('call').spanId, run_id: 'r', node_id: 'n' },
      { msg: 'outside' },
    ]);
  });
});
