import { newId, newRunId, type NodeJob, type RunContext, type RunState } from '@millrace/contracts';
import { createFinish, createReconciler, createStop, type ReconcileDeps } from '@millrace/engine';
import { compilePlan, parseFile, type Plan } from '@millrace/graph';
import { connectRedis, createRecovery, createRunEvents, createRunState } from '@millrace/state';
import { createStore, type Store } from '@millrace/store';
import { createDatabase, end, freshRedis, start, workflowFile, type TestDatabase } from '@millrace/testing';

/** What the reconciler finds when a process died, or was overtaken, between two steps of a recovery. */
let database: TestDatabase;
let store: Store;
let redis: ReturnType<typeof connectRedis>;
let state: RunState;
let owner: { tenantId: string; appId: string };

beforeAll(async () => {
  database = await createDatabase();
  store = createStore({ databaseUrl: database.url, secretKey: 'k'.repeat(32), timeoutMs: 20_000 });
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
  const { id: tenantId } = await store.tenants.create({ name: 'Tenant' });
  const { id: appId } = await store.apps.create(tenantId, { name: 'App' });
  owner = { tenantId, appId };
});
afterAll(async () => {
  redis.disconnect();
  await store.close();
  await database.drop();
});

const supportedTypes = new Set(['start', 'end']);

function planOf(): Plan {
  const file = parseFile(workflowFile({ nodes: [start(), end({})] }), { supportedTypes });
  if (!('workflow' in file)) throw new Error(file.status);
  const compiled = compilePlan(file.workflow, { supportedTypes });
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.plan;
}

const plan = planOf();
const plans = { plan: async () => plan };

/** A run accepted so long ago that it should be in Redis, and is not. */
async function accepted(): Promise<RunContext> {
  const createdAtMs = Date.now() - 60_000;
  const context: RunContext = {
    ...{ ...owner, runId: newRunId(createdAtMs), shard: 0, versionId: newId(), taskId: newId(), endUserId: newId() },
    ...{ user: 'u', traceId: 't', trace: {}, createdAtMs },
  };
  await store.runs.insertAccepted({ context, versionLabel: 'v', inputs: '{}' });
  return context;
}

function reconcilerWith(change: Partial<ReconcileDeps> = {}) {
  const queued: NodeJob[] = [];
  const reconciler = createReconciler({
    ...{ state, plans, runs: store.runs, view: createRecovery(redis), owner: newId() },
    queue: { add: async (jobs) => void queued.push(...jobs) },
    store: {
      unfinished: (query) => store.runs.unfinished(query),
      ended: (runs) => store.runs.ended(runs),
      raiseEpoch: (runs) => store.runs.raiseEpoch(runs),
      recordedNodes: (tenantId, runId) => store.nodeExecutions.listForRun(tenantId, runId),
    },
    finish: createFinish({ state, runs: store.runs, plans }),
    limits: { maxRunMs: 3_600_000, maxSteps: 500, maxStreamedBytes: 1_000_000, maxValueBytes: 100_000_000 },
    onError: (error) => {
      throw error;
    },
    ...change,
  });
  return { reconciler, queued };
}

const stopOf = (runs: Parameters<typeof createStop>[0]['runs'] = store.runs) =>
  createStop({
    ...{ state, runs, finish: createFinish({ state, runs: store.runs, plans }) },
    findTask: async (tenantId, appId, taskId) => {
      const run = await store.runs.getForTask(tenantId, appId, taskId);
      return run && { context: run.context, ended: run.status !== 'accepted' };
    },
  });

const lastEvent = async (run: RunContext): Promise<{ event?: string; data?: { status?: string } }> =>
  JSON.parse((await createRunEvents(redis).ranges([{ run }]))[0]?.at(-1)?.event ?? '{}') as Record<string, never>;

/** Takes the lead: the leases of the reconcilers before are theirs no longer. */
async function tick(change: Partial<ReconcileDeps> = {}): Promise<NodeJob[]> {
  const { reconciler, queued } = reconcilerWith(change);
  await redis.del('{s0}:leader');
  await reconciler.tick(0);
  return queued;
}

it('a run that Redis does not know is started (R2)', async () => {
  const run = await accepted();
  expect(await tick()).toMatchObject([{ runId: run.runId, node: plan.root.index }]);
  expect(await store.runs.get(owner.tenantId, owner.appId, run.runId)).toMatchObject({ status: 'accepted', epoch: 2 });
  await stopOf()({ ...run });
});

it('a node that a stop cut off is told with what its record needs', async () => {
  const run = await accepted();
  await tick();
  const address = { frame: 0, node: plan.root.index };
  const executionId = newId();
  await state.begin({
    ...{ ...run, address, attempt: 1, jobId: 'job#1', token: newId(), executionId, leaseMs: 10_000 },
    ...{ reads: [], context: false, inputs: false, streams: [] },
  });
  await stopOf()({ ...run });
  const [events = []] = await createRunEvents(redis).ranges([{ run }]);
  const [started, finished] = events.slice(-3);
  expect(finished?.node).toMatchObject({ index: 1, startedEventId: started?.id });
  const { id: nodeId, type: nodeType } = plan.root;
  expect(JSON.parse(finished?.node?.meta ?? '')).toMatchObject({
    ...{ frame: 0, node: plan.root.index, nodeId, nodeType, executionId, attempt: 1, status: 'stopped', tokens: 0 },
  });
});

it('recorded nodes are applied again, with their events, and do not run again (R1)', async () => {
  const run = await accepted();
  const { runId, tenantId, appId, createdAtMs } = run;
  const { index: node, id: nodeId, type: nodeType, title } = plan.root;
  const of = (event: string, data: object) => JSON.stringify({ event, data: { node_id: nodeId, ...data } });
  const executionId = newId();
  const recorded = {
    ...{ runId, startedEventId: '1-2', startedEvent: of('node_started', {}) },
    ...{ finishedEventId: '1-7', finishedEvent: of('node_finished', { outputs: { a: 1.5 }, error: null }) },
    meta: {
      ...{ tenantId, appId, createdAtMs, frame: 0, node, nodeId, nodeType, title, executionId, index: 1, attempt: 2 },
      ...{
        status: 'succeeded' as const,
        handle: 'source',
        tokens: 7,
        startedAtMs: createdAtMs,
        finishedAtMs: createdAtMs,
      },
    },
  };
  expect(await store.nodeExecutions.record([recorded])).toEqual([undefined]);
  const [next, ...others] = await tick();
  expect([next, others]).toMatchObject([{ runId, node: plan.nodes.find(({ type }) => type === 'end')?.index }, []]);
  const [events = []] = await createRunEvents(redis).ranges([{ run }]);
  expect(events.map(({ id }) => id)).toEqual(['1-1', '1-2', '1-7']);
  const reads = { reads: [nodeId], context: false, inputs: false };
  const address = { frame: 0, node: next?.node ?? -1 };
  expect(await state.read({ ...run, ...reads, address })).toMatchObject({ reads: ['{"a":1.5}'] });
  // What it took before is not lost: two attempts, a failure, its tokens.
  const { decided } = await state.decide({ ...run, status: 'stopped', error: null });
  expect(decided).toMatchObject({ epoch: 2, steps: 2, exceptions: 1, tokens: 7, startedAtMs: createdAtMs });
  await tick();
});

it('a run whose epoch was raised in Postgres only ends all the same', async () => {
  const run = await accepted();
  await tick();
  await store.runs.raiseEpoch([run]);
  await state.decide({ ...run, status: 'failed', error: 'over' });
  while ((await store.runs.get(owner.tenantId, owner.appId, run.runId))?.status === 'accepted') await tick();
  while ((await lastEvent(run)).event !== 'workflow_finished') await tick();
  expect((await lastEvent(run)).data).toMatchObject({ status: 'failed', error: 'over' });
});

describe('a stop while the run is being rebuilt: nothing starts, and the stream says so', () => {
  it('before it is in Redis again', async () => {
    const run = await accepted();
    const overtaken: RunState = {
      ...state,
      async start(request, onLate) {
        expect(await stopOf()(run)).toBe('stopped');
        return state.start(request, onLate);
      },
    };
    expect(await tick({ state: overtaken })).toEqual([]);
    expect((await lastEvent(run)).data).toMatchObject({ status: 'stopped', error: 'Stopped by user.' });
  });

  it('while its ending is on its way to Postgres', async () => {
    const run = await accepted();
    const slow: Parameters<typeof stopOf>[0] = {
      insertAccepted: store.runs.insertAccepted,
      markRefused: store.runs.markRefused,
      get: (tenantId, appId, runId) => store.runs.get(tenantId, appId, runId),
      async saveEnding(...ending) {
        expect(await tick()).toHaveLength(1);
        return store.runs.saveEnding(...ending);
      },
    };
    expect(await stopOf(slow)(run)).toBe('stopped');
    expect((await lastEvent(run)).data).toMatchObject({ status: 'stopped', error: 'Stopped by user.' });
  });
});
