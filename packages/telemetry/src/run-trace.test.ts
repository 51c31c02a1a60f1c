import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RunContext } from '@millrace/contracts';
import { orphansOf, startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '@millrace/testing';
import type { Command } from './fixtures/traced-process.js';
import type { RunTrace } from './run-trace.js';
import { parseTraceparent } from './trace-ids.js';

const script = fileURLToPath(new URL('./fixtures/traced-process.js', import.meta.url));
const exec = promisify(execFile);

type Minted = Omit<RunTrace, 'serverSpan'>;

/** Runs one process of the fleet to its end. */
async function run(command: Command, env: Record<string, string>): Promise<string> {
  const { stdout } = await exec(process.execPath, [script, JSON.stringify(command)], { env });
  return stdout;
}

const accept = async (request: object, env: Record<string, string>): Promise<Minted> =>
  JSON.parse(await run({ as: 'gateway', request }, env)) as Minted;

/** Accepts in one process, executes two nodes in two others, ends the run in a fourth. */
async function wholeRun(request: object, env: Record<string, string>): Promise<Minted> {
  const createdAtMs = Date.now();
  const minted = await accept({ ...request, startTimeMs: createdAtMs }, env);
  const { carrier } = minted;
  await Promise.all(
    ['a', 'b'].map((nodeId) => run({ as: 'worker', carrier, nodeId, readyAtMs: createdAtMs + 1 }, env)),
  );
  const context: RunContext = {
    runId: 'r',
    shard: 0,
    tenantId: 't',
    appId: 'a',
    versionId: 'v',
    taskId: 'k',
    endUserId: 'e',
    user: 'u',
    traceId: minted.traceId,
    trace: carrier,
    ...(minted.parentSpanId !== undefined && { parentSpanId: minted.parentSpanId }),
    createdAtMs,
  };
  await run({ as: 'finisher', run: context, finishedAtMs: createdAtMs + 500 }, env);
  return minted;
}

const forcedId = '0af7651916cd43dd8448eb211c80319c';
const callerParent = '00-11111111111111111111111111111111-2222222222222222-01';

describe.each(['http/protobuf', 'http/json'] as const)('the trace of a run, over four processes, by %s', (protocol) => {
  let receiver: OtlpReceiver;
  beforeEach(async () => {
    receiver = await startOtlpReceiver(protocol);
  });
  afterEach(() => receiver.close());

  const named = (name: string): ReceivedSpan[] => receiver.spans().filter((span) => span.name === name);

  it('hangs nodes and relay under the run span, the run under the server span, without orphans (T1)', async () => {
    const minted = await wholeRun({}, receiver.env);
    const spans = receiver.spans();
    const [server] = named('POST /v1/workflows/run');
    const [runSpan] = named('workflow run');
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([minted.traceId]));
    expect(orphansOf(spans, minted.traceId)).toEqual([]);
    expect(server?.parentSpanId).toBeUndefined();
    expect(runSpan?.parentSpanId).toBe(server?.spanId);
    expect(runSpan?.spanId).toBe(parseTraceparent(minted.carrier.traceparent)?.spanId);
    expect((runSpan?.endMs ?? 0) - (runSpan?.startMs ?? 0)).toBe(500);
    const children = [...named('node template-transform'), ...named('node queue'), ...named('relay blocking')];
    expect(children).toHaveLength(5);
    expect(children.every((span) => span.parentSpanId === runSpan?.spanId)).toBe(true);
    expect(new Set(spans.map((span) => span.service))).toEqual(
      new Set(['test-gateway', 'test-worker', 'test-finisher']),
    );
  }, 120_000);

  it("makes the caller's trace_id the trace and its traceparent a link", async () => {
    const minted = await wholeRun({ traceIdHint: forcedId, traceparent: callerParent }, receiver.env);
    expect(minted.traceId).toBe(forcedId);
    expect(receiver.spans().every((span) => span.traceId === forcedId)).toBe(true);
    expect(orphansOf(receiver.spans(), forcedId)).toEqual([]);
    const [server] = named('POST /v1/workflows/run');
    expect(server?.parentSpanId).toBeUndefined();
    expect(server?.links).toEqual([{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }]);
  }, 120_000);

  it('accepts a UUID and answers it as it was given', async () => {
    const uuid = '0AF76519-16CD-43DD-8448-EB211C80319C';
    const minted = await accept({ traceIdHint: uuid }, receiver.env);
    expect(minted.traceId).toBe(uuid);
    expect(receiver.spans()[0]?.traceId).toBe(forcedId);
  });

  it('continues a traceparent when there is no trace_id that can be a trace', async () => {
    const minted = await accept({ traceIdHint: 'order-7', traceparent: callerParent }, receiver.env);
    expect(minted.traceId).toBe('order-7');
    expect(named('POST /v1/workflows/run')[0]).toMatchObject({ traceId: '1'.repeat(32), parentSpanId: '2'.repeat(16) });
  });

  it('carries the decision not to sample to every process (T2)', async () => {
    const env = { ...receiver.env, OTEL_TRACES_SAMPLER: 'always_off' };
    const minted = await accept({}, env);
    expect(minted.carrier.traceparent).toMatch(/-00$/);
    await run({ as: 'worker', carrier: minted.carrier, nodeId: 'a', readyAtMs: 0 }, receiver.env);
    expect(receiver.spans()).toEqual([]);
  });

  it('still answers ids when tracing is off (T3)', async () => {
    const minted = await accept({ traceIdHint: forcedId }, {});
    expect(minted).toMatchObject({ traceId: forcedId });
    expect(minted.carrier.traceparent).toMatch(new RegExp(`^00-${forcedId}-[0-9a-f]{16}-00$`));
    expect(minted.parentSpanId).toBeUndefined();
    const other = await accept({}, {});
    expect(other.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(other.carrier.traceparent).toContain(other.traceId);
  });
});
