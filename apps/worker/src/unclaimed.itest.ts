import {
  newId,
  newRunId,
  type DecidedRun,
  type NodeExecutor,
  type NodeJob,
  type NodeRequest,
  type NodeResult,
} from '@millrace/contracts';
import { createClaims, createExecuteNode, HandedBack } from '@millrace/engine';
import { compilePlan, parseFile, type Plan } from '@millrace/graph';
import { connectRedis, createRunEvents, createRunState } from '@millrace/state';
import { code, end, freshRedis, start, workflowFile } from '@millrace/testing';

/** S3: pure nodes start without a claim, and are claimed when they are not done soon. */
let redis: ReturnType<typeof connectRedis>;
let state: ReturnType<typeof createRunState>;
const fail = (error: Error): never => {
  throw error;
};

beforeAll(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
});
afterAll(() => {
  redis.disconnect();
});

const supportedTypes = new Set(['start', 'code', 'end']);

function planOf(more: Record<string, unknown>): Plan {
  const nodes = [start([]), code('node', 'code', {}, {}, more), end({ x: ['node', 'x'] })];
  const file = parseFile(workflowFile({ nodes }), { supportedTypes });
  if (!('workflow' in file)) throw new Error(file.status);
  const compiled = compilePlan(file.workflow, { supportedTypes });
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.plan;
}

const succeeded = (x: string): NodeResult => ({
  ...{ status: 'succeeded', outputs: { x }, handle: 'source' },
  ...{ inputs: {}, processData: {}, metadata: {} },
});
const failed: NodeResult = {
  ...{ status: 'failed', error: 'broken', errorType: 'Broken' },
  ...{ inputs: {}, processData: {}, metadata: {} },
};

/** A code node whose attempts the test ends: each comes with its request and the function that gives its result. */
function puppet(settings: Pick<NodeExecutor, 'quick'> = {}) {
  interface Attempt {
    request: NodeRequest;
    end: (result: NodeResult) => void;
  }
  const attempts: Attempt[] = [];
  const waiting: ((attempt: Attempt) => void)[] = [];
  const executor: NodeExecutor = {
    ...{ type: 'code', pure: true, ...settings },
    execute: (request) =>
      new Promise((resolve, reject) => {
        const attempt = { request, end: resolve };
        request.signal.addEventListener('abort', () => reject(request.signal.reason as Error), { once: true });
        const next = waiting.shift();
        if (next) next(attempt);
        else attempts.push(attempt);
      }),
  };
  const next = (): Promise<Attempt> => {
    const attempt = attempts.shift();
    return attempt ? Promise.resolve(attempt) : new Promise((resolve) => waiting.push(resolve));
  };
  return { executor, next };
}

/** A started run whose code node is ready, and a worker that executes what it is told to. */
async function runWith(
  executor: NodeExecutor,
  { retry = {}, ...times }: { retry?: Record<string, unknown>; announceAfterMs?: number; claimAfterMs?: number } = {},
) {
  const plan = planOf(retry);
  const context = {
    ...{ runId: newRunId(Date.now()), shard: 0, tenantId: newId(), appId: newId(), versionId: newId() },
    ...{ taskId: newId(), endUserId: newId(), user: 'u', traceId: 't', trace: {}, createdAtMs: Date.now() },
  };
  const claims = createClaims(state);
  const queued: NodeJob[] = [];
  const endings: DecidedRun[] = [];
  const quick = (type: string): NodeExecutor => ({
    ...{ type, pure: true, quick: true },
    execute: async () => succeeded(type),
  });
  const execute = createExecuteNode({
    ...{ state, claims, onError: fail, ...times },
    plans: { plan: async () => plan },
    queue: { add: async (jobs) => void queued.push(...jobs) },
    executors: new Map([quick('start'), quick('end'), executor].map((each) => [each.type, each])),
    finish: async (decided) => void endings.push(decided),
  });
  await state.start({
    ...{ context, epoch: 1, rootNode: plan.root.index, rootNodeId: plan.root.id, inputs: '{}' },
    ...{ startedEvent: '{"event":"workflow_started","data":{}}', deadlineMs: Date.now() + 60_000, maxSteps: 500 },
    ...{ stream: '', chunkPrefix: '', values: [] },
  });
  const root: NodeJob = {
    ...{ v: 1, runId: context.runId, shard: 0, tenantId: context.tenantId, versionId: context.versionId },
    ...{ frame: 0, node: plan.root.index, attempt: 1, readyAtMs: Date.now() },
  };
  await execute(root, { jobId: 'root', again: false });
  const [job] = queued.splice(0);
  if (!job) throw new Error('the code node was not queued');

  interface Shown {
    event: string;
    data: { node_id?: string; index?: number; id?: string; status?: string };
  }
  /** Events of the code node. */
  const events = async (): Promise<Shown[]> =>
    ((await createRunEvents(redis).ranges([{ run: context }]))[0] ?? [])
      .map(({ event }) => JSON.parse(event) as Shown)
      .filter(({ data }) => data.node_id === 'node');
  const names = async (): Promise<string[]> =>
    (await events()).map(({ event, data }) => (event === 'node_started' ? event : `${event} ${data.status}`));
  const stored = (): Promise<string | null> => redis.hget(`{s0}:run:${context.runId}`, `n0.${job.node}`);
  return { context, claims, execute, job, queued, endings, events, names, stored };
}

const delivered = { jobId: 'job', again: false };
const redelivered = { jobId: 'job', again: true };

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !(await condition());) {
    if (Date.now() > end) throw new Error('waited for too long');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const never = 60_000;

it('one that is soon done is claimed, numbered and settled in one transition', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: never, claimAfterMs: never });
  const working = run.execute(run.job, delivered);
  const { request, end: finish } = await next();
  request.begins?.();
  expect(await run.claims.renew(1000)).toBeUndefined();
  expect(request.signal.aborted).toBe(false);
  finish(succeeded('done'));
  await working;
  const [started, finished] = await run.events();
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
  expect(started?.data).toMatchObject({ index: 2, id: request.executionId });
  expect(finished?.data).toMatchObject({ index: 2, id: request.executionId });
  expect(run.queued).toHaveLength(1);
  expect(run.claims.size()).toBe(0);
});

it('one that goes on after it began is claimed and announced while it runs, with its inputs', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: 1, claimAfterMs: never });
  const working = run.execute(run.job, delivered);
  const { request, end: finish } = await next();
  request.reportInputs?.({ a: 1 });
  request.begins?.();
  await until(async () => (await run.names()).length === 1);
  await run.claims.renew(10_000);
  expect(request.signal.aborted).toBe(false);
  finish(succeeded('done'));
  await working;
  const events = await run.events();
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
  expect(events[0]?.data).toMatchObject({ index: 2, id: request.executionId, inputs: { a: 1 } });
  expect(events[1]?.data).toMatchObject({ index: 2, id: request.executionId });
  expect(run.queued).toHaveLength(1);
});

it('one that waits for long is claimed while it waits', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: never, claimAfterMs: 1 });
  const working = run.execute(run.job, delivered);
  const { request, end: finish } = await next();
  await until(async () => (await run.names()).length === 1);
  request.begins?.();
  finish(succeeded('done'));
  await working;
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
});

it.each([
  ['unclaimed, by the doorbell', never],
  ['claimed, by the doorbell', 1],
])('a stop aborts it: %s', async (_, announceAfterMs) => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs, claimAfterMs: never });
  const working = run.execute(run.job, delivered);
  const { request } = await next();
  request.begins?.();
  if (announceAfterMs === 1) await until(async () => (await run.names()).length === 1);
  await state.decide({ ...run.context, status: 'stopped', error: null });
  run.claims.abortRun(run.context.runId);
  await working;
  expect(request.signal.aborted).toBe(true);
  expect(run.queued).toEqual([]);
  expect(await run.names()).toEqual(announceAfterMs === 1 ? ['node_started'] : []);
});

it('a stop that nobody told aborts it when it is to be claimed, and its result counts for nothing', async () => {
  const slow = puppet();
  const run = await runWith(slow.executor, { announceAfterMs: 1, claimAfterMs: never });
  await state.decide({ ...run.context, status: 'stopped', error: null });
  const working = run.execute(run.job, delivered);
  const { request } = await slow.next();
  request.begins?.();
  await working;
  expect(request.signal.aborted).toBe(true);

  const fast = puppet();
  const other = await runWith(fast.executor, { announceAfterMs: never, claimAfterMs: never });
  const going = other.execute(other.job, delivered);
  const { end: finish } = await fast.next();
  await state.decide({ ...other.context, status: 'stopped', error: null });
  finish(succeeded('late'));
  await going;
  expect([await run.names(), await other.names()]).toEqual([[], []]);
});

it('a worker that stops hands it back as it was, claimed or not', async () => {
  for (const announceAfterMs of [never, 1]) {
    const { executor, next } = puppet();
    const run = await runWith(executor, { announceAfterMs, claimAfterMs: never });
    const working = run.execute(run.job, delivered);
    const { request } = await next();
    request.begins?.();
    if (announceAfterMs === 1) await until(async () => (await run.names()).length === 1);
    run.claims.abortAll();
    await expect(working).rejects.toBeInstanceOf(HandedBack);
    expect(await run.stored()).toMatch(/^ready\|1\|/);
  }
});

it('delivered twice at once it is settled once', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: never, claimAfterMs: never });
  const both = [run.execute(run.job, delivered), run.execute(run.job, delivered)];
  for (const each of [await next(), await next()]) each.end(succeeded('done'));
  await Promise.all(both);
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
  expect((await run.stored())?.startsWith('done|')).toBe(true);
});

it('redelivered after its worker died it is claimed at once; what the first one still says counts for nothing', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: never, claimAfterMs: never });
  const zombie = run.execute(run.job, delivered);
  const first = await next();
  const working = run.execute(run.job, redelivered);
  const second = await next();
  expect(await run.stored()).toMatch(/^running\|1\|/);
  first.end(succeeded('first'));
  await zombie;
  second.end(succeeded('second'));
  await working;
  const [, finished] = await run.events();
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
  expect(finished?.data).toMatchObject({ id: second.request.executionId, outputs: { x: 'second' } });
});

it.each([{ quick: true }, { quick: false }])(
  'a failure that is retried belongs to one execution with one number: %j',
  async (settings) => {
    const { executor, next } = puppet(settings);
    const retry = { retry_config: { retry_enabled: true, max_retries: 1, retry_interval: 1 } };
    const run = await runWith(executor, { retry, announceAfterMs: never, claimAfterMs: never });
    const working = run.execute(run.job, delivered);
    (await next()).end(failed);
    await working;
    const [second] = run.queued.splice(0);
    expect(second).toMatchObject({ node: run.job.node, attempt: 2 });
    const again = run.execute({ ...run.job, ...second }, { jobId: 'job2', again: false });
    (await next()).end(succeeded('done'));
    await again;
    const events = await run.events();
    expect(await run.names()).toEqual(['node_started', 'node_retry retry', 'node_finished succeeded']);
    expect(new Set(events.map(({ data }) => `${data.id} ${data.index}`)).size).toBe(1);
    expect(events[0]?.data.index).toBe(2);
  },
);
