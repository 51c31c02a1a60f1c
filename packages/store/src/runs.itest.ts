import { newId, newRunId } from '@millrace/contracts';
import { Client } from 'pg';
import { createStore, type Store } from './index.js';
import { buildEnding, buildRun, seedApp, startTestStore, type TestStore } from './testing/store.js';

let db: TestStore;
let runs: Store['runs'];
beforeAll(async () => {
  db = await startTestStore();
  runs = db.store.runs;
});
afterAll(() => db.close());

describe('accepting', () => {
  it('keeps a run as it is, whatever its texts hold', async () => {
    const owner = await seedApp(db.store);
    const run = buildRun(owner, { user: 'u\0\ud800', inputs: '{"a":1.0,"b":"\\u0000"}', traceId: 't\0' });
    await runs.insertAccepted(run);
    const { context, versionLabel, inputs } = run;
    const stored = await runs.get(owner.tenantId, owner.appId, context.runId);
    const listed = {
      ...{ context, versionLabel, epoch: 1, status: 'accepted' },
      ...{ triggeredFrom: 'app-run', createdFrom: 'service-api' },
    };
    expect(stored).toEqual({ ...listed, inputs });
    expect(await runs.getForTask(owner.tenantId, owner.appId, context.taskId)).toEqual(listed);
  });

  it('is read with its values for longer than other calls may take', async () => {
    const owner = await seedApp(db.store);
    const run = buildRun(owner);
    const { tenantId, appId, runId } = run.context;
    await runs.insertAccepted(run);
    await db.store.archives.save([{ ...run.context, epoch: 1, events: [{ id: '1-1', event: '{}' }] }]);
    const store = createStore({ databaseUrl: db.url, secretKey: 'k'.repeat(32), timeoutMs: 5_000 });
    const client = new Client({ connectionString: db.url });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE runs, run_archives IN ACCESS EXCLUSIVE MODE');
    const reads = Promise.all([
      store.runs.get(tenantId, appId, runId),
      store.runs.find(tenantId, runId),
      store.archives.load(tenantId, runId),
    ]);
    await expect(store.runs.getForTask(tenantId, appId, newId())).rejects.toThrow('timeout');
    await client.query('ROLLBACK');
    await client.end();
    expect(await reads).toMatchObject([{ context: run.context }, { context: run.context }, [{ id: '1-1' }]]);
    await store.close();
  });

  it('is listed without its values, which may be large', async () => {
    const owner = await seedApp(db.store);
    const run = buildRun(owner, { inputs: '{"a":1}' });
    const { tenantId, appId, runId, traceId } = run.context;
    await runs.insertAccepted(run);
    const { outputs: _, ...ending } = buildEnding({ outputs: '{"b":2}' });
    await runs.saveEnding(tenantId, runId, buildEnding({ outputs: '{"b":2}' }));
    const [{ items }, recent, traced] = await Promise.all([
      runs.logs(tenantId, appId, { page: 1, limit: 1 }),
      runs.recent(tenantId, { appIds: [appId], limit: 1 }),
      runs.ofTrace(tenantId, { traceId }, 1),
    ]);
    for (const [found] of [items, recent, traced]) {
      expect(found).toMatchObject({ context: run.context });
      expect(found).not.toHaveProperty('inputs');
      expect(found?.ending).toEqual(ending);
    }
  });

  it('is idempotent', async () => {
    const owner = await seedApp(db.store);
    const run = buildRun(owner);
    await Promise.all([runs.insertAccepted(run), runs.insertAccepted(run)]);
    await runs.saveEnding(owner.tenantId, run.context.runId, buildEnding());
    await runs.insertAccepted(run);
    expect(await runs.get(owner.tenantId, owner.appId, run.context.runId)).toMatchObject({ status: 'succeeded' });
  });

  it('fails for the bad row of a group only', async () => {
    const owner = await seedApp(db.store);
    const good = Array.from({ length: 20 }, () => buildRun(owner));
    const bad = buildRun(owner, { taskId: 'no uuid' });
    const results = await Promise.allSettled([...good.slice(0, 10), bad, ...good.slice(10)].map(runs.insertAccepted));
    expect(results.map((result) => result.status).indexOf('rejected')).toBe(10);
    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
    const found = await Promise.all(good.map((run) => runs.get(owner.tenantId, owner.appId, run.context.runId)));
    expect(found.every((run) => run?.status === 'accepted')).toBe(true);
  });

  it('refuses a run whose id does not carry its time: it could not be found again', async () => {
    const owner = await seedApp(db.store);
    await expect(runs.insertAccepted(buildRun(owner, { runId: newRunId(1000) }))).rejects.toThrow(TypeError);
    await expect(runs.insertAccepted(buildRun(owner, { runId: newId() }))).rejects.toThrow(TypeError);
  });

  it('shows nothing to another tenant or app', async () => {
    const owner = await seedApp(db.store);
    const stranger = await seedApp(db.store);
    const run = buildRun(owner);
    const { runId, taskId } = run.context;
    await runs.insertAccepted(run);
    for (const [tenantId, appId] of [
      [stranger.tenantId, owner.appId],
      [owner.tenantId, stranger.appId],
      ['x', 'y'],
    ] as const) {
      expect(await runs.get(tenantId, appId, runId)).toBeUndefined();
      expect(await runs.getForTask(tenantId, appId, taskId)).toBeUndefined();
      expect(await runs.logs(tenantId, appId, { page: 1, limit: 20 })).toEqual({ items: [], total: 0 });
    }
    expect(await runs.saveEnding(stranger.tenantId, runId, buildEnding())).toEqual({ kind: 'unknown' });
    expect(await runs.markRefused({ ...run, context: { ...run.context, ...stranger } })).toBe(false);
    expect(await runs.raiseEpoch([{ tenantId: stranger.tenantId, runId }])).toEqual(new Map());
    expect(await runs.get(owner.tenantId, owner.appId, runId)).toMatchObject({ status: 'accepted', epoch: 1 });
  });

  it.each(['', 'x', newId()])('finds nothing under %p', async (id) => {
    const owner = await seedApp(db.store);
    expect(await runs.get(owner.tenantId, owner.appId, id)).toBeUndefined();
    expect(await runs.getForTask(owner.tenantId, owner.appId, id)).toBeUndefined();
    expect(await runs.saveEnding(owner.tenantId, id, buildEnding())).toEqual({ kind: 'unknown' });
  });

  it('is refused for ever once it was refused, and only before it ended', async () => {
    const owner = await seedApp(db.store);
    const [refused, ended] = [buildRun(owner), buildRun(owner)];
    await Promise.all([refused, ended].map(runs.insertAccepted));
    await runs.saveEnding(owner.tenantId, ended.context.runId, buildEnding());
    expect(await runs.markRefused(refused)).toBe(true);
    expect(await runs.markRefused(ended)).toBe(false);
    expect(await runs.saveEnding(owner.tenantId, refused.context.runId, buildEnding())).toEqual({ kind: 'unknown' });
    const { items } = await runs.logs(owner.tenantId, owner.appId, { page: 1, limit: 20 });
    expect(items.map((run) => run.context.runId)).toEqual([ended.context.runId]);
  });

  it('stays refused when its row comes only later: the answer of the insert was lost', async () => {
    const owner = await seedApp(db.store);
    const [late, other] = [buildRun(owner), buildRun(owner)];
    expect(await Promise.all([late, other].map(runs.markRefused))).toEqual([true, true]);
    await runs.insertAccepted(late);
    expect(await runs.get(owner.tenantId, owner.appId, late.context.runId)).toMatchObject({ status: 'refused' });
    const { shard, createdAtMs } = late.context;
    expect(await runs.unfinished({ shard, createdBeforeMs: createdAtMs + 1000, limit: 10 })).not.toContainEqual(
      expect.objectContaining({ context: late.context }),
    );
  });
});

describe('ending', () => {
  it('keeps the ending as it is', async () => {
    const owner = await seedApp(db.store);
    const run = buildRun(owner);
    await runs.insertAccepted(run);
    const ending = buildEnding({
      status: 'failed',
      error: 'bad \0',
      code: 'provider_not_initialize',
      outputs: '{"x":2.0}',
    });
    expect(await runs.saveEnding(owner.tenantId, run.context.runId, ending)).toEqual({ kind: 'written' });
    expect(await runs.get(owner.tenantId, owner.appId, run.context.runId)).toMatchObject({ status: 'failed', ending });
  });

  it('happens once: of many writers in many processes one wins, and all hear the same', async () => {
    const owner = await seedApp(db.store);
    const run = buildRun(owner);
    await runs.insertAccepted(run);
    const { tenantId, runId } = run.context;
    const others = [1, 2, 3].map(() => createStore({ databaseUrl: db.url, secretKey: 'k'.repeat(32) }));
    const writers = Array.from({ length: 24 }, (_, writer) => {
      const ending = buildEnding({ status: writer % 2 ? 'succeeded' : 'stopped', totalSteps: writer });
      const store = [db.store, ...others][writer % 4]!;
      return store.runs.saveEnding(tenantId, runId, ending).then((outcome) => ({ outcome, ending }));
    });
    const results = await Promise.all(writers);
    const winners = results.filter(({ outcome }) => outcome.kind === 'written');
    expect(winners).toHaveLength(1);
    const { ending } = winners[0]!;
    for (const { outcome } of results) {
      if (outcome.kind !== 'written') expect(outcome).toEqual({ kind: 'already', ending });
    }
    expect(await runs.get(tenantId, owner.appId, runId)).toMatchObject({ status: ending.status, ending });
    await Promise.all(others.map((store) => store.close()));
  });

  it('fails for the bad row of a group only', async () => {
    const owner = await seedApp(db.store);
    const group = Array.from({ length: 12 }, () => buildRun(owner));
    await Promise.all(group.map(runs.insertAccepted));
    const results = await Promise.allSettled(
      group.map((run, position) =>
        runs.saveEnding(owner.tenantId, run.context.runId, buildEnding(position === 7 ? { totalSteps: 0.5 } : {})),
      ),
    );
    expect(results.map((result) => result.status).indexOf('rejected')).toBe(7);
    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
    const { total } = await runs.logs(owner.tenantId, owner.appId, { page: 1, limit: 1, status: 'succeeded' });
    expect(total).toBe(11);
  });

  it('of an old epoch changes nothing', async () => {
    const owner = await seedApp(db.store);
    const run = buildRun(owner);
    await runs.insertAccepted(run);
    const { tenantId, runId } = run.context;
    expect(await runs.raiseEpoch([{ tenantId, runId }])).toEqual(new Map([[runId, 2]]));
    expect(await runs.saveEnding(tenantId, runId, buildEnding(), { epoch: 1 })).toEqual({ kind: 'unknown' });
    expect(await runs.saveEnding(tenantId, runId, buildEnding(), { epoch: 2 })).toEqual({ kind: 'written' });
    expect(await runs.raiseEpoch([{ tenantId, runId }])).toEqual(new Map());
  });
});

describe('ended', () => {
  it('tells which of some runs have ended or were refused, and whether their events are kept', async () => {
    const [owner, stranger] = [await seedApp(db.store), await seedApp(db.store)];
    const [going, kept, bare, refused] = [buildRun(owner), buildRun(owner), buildRun(owner), buildRun(owner)];
    await Promise.all([going, kept, bare, refused].map(runs.insertAccepted));
    await Promise.all(
      [kept, bare].map(({ context: { tenantId, runId } }) => runs.saveEnding(tenantId, runId, buildEnding())),
    );
    await runs.markRefused(refused);
    await db.store.archives.save([{ ...kept.context, epoch: 1, events: [{ id: '1-1', event: '{}' }] }]);
    const all = [going, kept, bare, refused].map(({ context }) => context);
    expect(await runs.ended(all)).toEqual(
      new Map([
        [kept.context.runId, { epoch: 1, archived: true }],
        [bare.context.runId, { epoch: 1, archived: false }],
        [refused.context.runId, { epoch: 1, archived: false }],
      ]),
    );
    expect(await runs.ended(all.map(({ runId }) => ({ ...stranger, runId })))).toEqual(new Map());
    expect(await runs.ended([])).toEqual(new Map());
  });
});

describe('unfinished', () => {
  it('pages through a shard, oldest first, without those that ended or are young', async () => {
    const owner = await seedApp(db.store);
    const nowMs = Date.now();
    const shard = 77;
    const group = [5, 4, 3, 2, 1].map((age) => buildRun(owner, { shard, createdAtMs: nowMs - age * 1000 }));
    await Promise.all([...group, buildRun(owner, { shard: 78 })].map(runs.insertAccepted));
    await runs.saveEnding(owner.tenantId, group[1]!.context.runId, buildEnding());
    const query = { shard, createdBeforeMs: nowMs - 1000, limit: 2 };
    const first = await runs.unfinished(query);
    expect(first.map((run) => run.context)).toEqual([group[0]!.context, group[2]!.context]);
    const rest = await runs.unfinished({ ...query, after: first[1]!.context.runId });
    expect(rest.map((run) => run.context)).toEqual([group[3]!.context]);
  });
});

describe('logs', () => {
  let owner: { tenantId: string; appId: string };
  const baseMs = Date.now() - 60_000;
  const ids: string[] = [];

  beforeAll(async () => {
    owner = await seedApp(db.store);
    const texts = ['alpha 100%', 'beta_b', 'Gamma \\d', 'delta', 'epsilon'];
    for (const [position, text] of texts.entries()) {
      const createdAtMs = baseMs + position;
      const runId = newRunId(createdAtMs);
      ids.push(runId);
      const user = `user-${position % 2}`;
      await runs.insertAccepted(buildRun(owner, { runId, createdAtMs, user, inputs: JSON.stringify({ text }) }));
      if (position < 3)
        await runs.saveEnding(owner.tenantId, runId, buildEnding({ outputs: `{"out":"${position}-out"}` }));
    }
  });

  const found = async (query: Partial<Parameters<Store['runs']['logs']>[2]>) => {
    const { items, total } = await runs.logs(owner.tenantId, owner.appId, { page: 1, limit: 20, ...query });
    expect(total).toBe(items.length);
    return items.map((run) => ids.indexOf(run.context.runId));
  };

  it('pages, newest first', async () => {
    const page = (number: number) => runs.logs(owner.tenantId, owner.appId, { page: number, limit: 2 });
    const pages = await Promise.all([page(1), page(2), page(3), page(4)]);
    expect(pages.map(({ items }) => items.map((run) => ids.indexOf(run.context.runId)))).toEqual([
      [4, 3],
      [2, 1],
      [0],
      [],
    ]);
    expect(pages.map(({ total }) => total)).toEqual([5, 5, 5, 5]);
  });

  it('filters by status, time and user, inclusively and together', async () => {
    expect(await found({ status: 'succeeded' })).toEqual([2, 1, 0]);
    expect(await found({ status: 'failed' })).toEqual([]);
    expect(await found({ afterMs: baseMs + 1, beforeMs: baseMs + 3 })).toEqual([3, 2, 1]);
    expect(await found({ sessionId: 'user-1' })).toEqual([3, 1]);
    expect(await found({ sessionId: 'user-1', status: 'succeeded' })).toEqual([1]);
    expect(await found({ sessionId: 'user-1', keyword: 'DELTA' })).toEqual([3]);
  });

  it('takes any time as a limit', async () => {
    expect(await found({ afterMs: -1e15, beforeMs: 8.64e15 })).toEqual([4, 3, 2, 1, 0]);
    expect(await found({ beforeMs: -1 })).toEqual([]);
    expect(await found({ afterMs: 8.64e15 })).toEqual([]);
  });

  it.each([
    ['ALPHA', [0]],
    ['100%', [0]],
    ['%', [0]],
    ['_', [1]],
    ['\\\\d', [2]],
    ['2-out', [2]],
    ['user-0', [4, 2, 0]],
    ['nothing \0', []],
    [`epsilon${'x'.repeat(40)}`, []],
  ])('finds the keyword %j in inputs, outputs and user', async (keyword, expected) => {
    expect(await found({ keyword })).toEqual(expected);
  });

  it('finds a run by its id, and counts 30 characters of a keyword', async () => {
    expect(await found({ keyword: ids[3]! })).toEqual([3]);
    expect(await found({ keyword: ids[3]!.replaceAll('-', '').toUpperCase() })).toEqual([3]);
    const text = 'z'.repeat(30);
    const run = buildRun(owner, { inputs: JSON.stringify({ text }), createdAtMs: baseMs + 10 });
    ids.push(run.context.runId);
    await runs.insertAccepted(run);
    expect(await found({ keyword: `${text}zzz` })).toEqual([5]);
  });
});
