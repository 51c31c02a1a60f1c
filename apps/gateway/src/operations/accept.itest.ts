import { newId, type RunState } from '@millrace/contracts';
import { createAccept, type AcceptRequest } from '@millrace/engine';
import { compilePlan, parseFile } from '@millrace/graph';
import { connectRedis, createRunEvents, createRunState } from '@millrace/state';
import { createStore, type Store } from '@millrace/store';
import { createDatabase, end, freshRedis, start, workflowFile, type TestDatabase } from '@millrace/testing';
import { isUnavailable, isUnsent } from './outage.js';

/** A1, A2: what becomes of a run when an answer of Postgres or Redis is lost while it is being accepted. */
let database: TestDatabase;
let store: Store;
let redis: ReturnType<typeof connectRedis>;
let state: RunState;
let request: AcceptRequest;

const supportedTypes = new Set(['start', 'end']);

beforeAll(async () => {
  database = await createDatabase();
  store = createStore({ databaseUrl: database.url, secretKey: 'k'.repeat(32), timeoutMs: 20_000 });
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
  const { id: tenantId } = await store.tenants.create({ name: 'Tenant' });
  const { id: appId } = await store.apps.create(tenantId, { name: 'App' });
  const file = parseFile(workflowFile({ nodes: [start(), end({})] }), { supportedTypes });
  const compiled = compilePlan('workflow' in file ? file.workflow : {}, { supportedTypes });
  if (!compiled.ok) throw new Error(compiled.error);
  request = {
    ...{ tenantId, appId, version: { id: newId(), label: 'v', plan: compiled.plan } },
    ...{ inputs: {}, user: 'u', endUserId: newId(), trace: { traceId: 't', carrier: {} } },
  };
});
afterAll(async () => {
  redis.disconnect();
  await store.close();
  await database.drop();
});

/** Accepts over a store and a state that lose answers; tells which run it was about. */
async function accept(change: { state?: Partial<RunState>; insertAccepted?: Store['runs']['insertAccepted'] }) {
  let runId = '';
  const insert = change.insertAccepted ?? ((run) => store.runs.insertAccepted(run));
  const accepting = createAccept({
    runs: {
      insertAccepted: (run) => {
        runId = run.context.runId;
        return insert(run);
      },
      markRefused: (run) => store.runs.markRefused(run),
      get: (tenantId, appId, id) => store.runs.get(tenantId, appId, id),
      saveEnding: (...ending) => store.runs.saveEnding(...ending),
    },
    state: { ...state, ...change.state },
    queue: { add: async () => undefined },
    ...{
      shards: 1,
      limits: { maxRunMs: 60_000, maxSteps: 500, maxStreamedBytes: 1_000_000, maxValueBytes: 100_000_000 },
      isUnavailable,
      isUnsent,
    },
    onError: (error) => {
      throw error;
    },
  })(request);
  const [outcome] = await Promise.allSettled([accepting]);
  return { runId, outcome, row: () => store.runs.get(request.tenantId, request.appId, runId) };
}

const broken = (): never => {
  throw new Error('Connection is closed.');
};
const refused = { status: 'rejected', reason: { code: 'service_unavailable' } };

it('a start whose answer is lost is asked again: the run is accepted, and started once', async () => {
  let starts = 0;
  const { outcome, row, runId } = await accept({
    state: {
      async start(run, onLate) {
        const started = await state.start(run, onLate);
        return starts++ === 0 ? broken() : started;
      },
    },
  });
  expect(outcome).toMatchObject({ status: 'fulfilled' });
  expect([starts, await row()]).toMatchObject([2, { status: 'accepted' }]);
  expect((await createRunEvents(redis).ranges([{ run: { runId, shard: 0 } }]))[0]).toHaveLength(1);
});

it('a start that could not be sent is not asked again: the caller hears of the outage at once', async () => {
  let starts = 0;
  const { outcome, row } = await accept({
    state: {
      start: async () => {
        starts++;
        throw new Error("Stream isn't writeable and enableOfflineQueue options is false");
      },
    },
  });
  expect(outcome).toMatchObject(refused);
  expect(starts).toBe(1);
  while ((await row())?.status !== 'refused');
});

it('a run that started, as nobody could hear, is refused and ended', async () => {
  const { outcome, row, runId } = await accept({
    state: { start: (run, onLate) => state.start(run, onLate).then(broken) },
  });
  expect(outcome).toMatchObject(refused);
  while ((await row())?.status !== 'refused');
  while ((await state.decided({ runId, shard: 0 })) === undefined);
});

it('a refused run stays refused when its row comes only then', async () => {
  const [inserted, late] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const { outcome, row } = await accept({
    async insertAccepted(run) {
      void inserted.promise.then(() => store.runs.insertAccepted(run)).then(() => late.resolve(undefined));
      broken();
    },
  });
  expect(outcome).toMatchObject(refused);
  while ((await row())?.status !== 'refused');
  inserted.resolve(undefined);
  await late.promise;
  expect(await row()).toMatchObject({ status: 'refused' });
});
