import { createDatabase, type Database } from './database.js';
import { buildNode, buildRun, seedApp, startTestStore, type TestStore } from './testing/store.js';

const dayMs = 86_400_000;
let db: TestStore;
let database: Database;
beforeAll(async () => {
  db = await startTestStore();
  database = createDatabase({ databaseUrl: db.url });
});
afterAll(async () => {
  await database.close();
  await db.close();
});

const partitionsOf = async (parent: string): Promise<string[]> => {
  const rows = await database.query<{ name: string }>(
    { text: `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1` },
    [parent],
  );
  return rows.map((row) => row.name);
};

describe('partitions', () => {
  it('are made ahead for all run-shaped tables, whoever asks at once', async () => {
    const nowMs = Date.UTC(2030, 1, 27, 23, 59);
    const made = await Promise.all([1, 2, 3].map(() => db.store.partitions.ensureAhead(nowMs, { ahead: 3 })));
    expect(made.sort()).toEqual([0, 0, 15]);
    const days = ['20300226', '20300227', '20300228', '20300301', '20300302'];
    for (const parent of ['runs', 'node_executions', 'run_archives']) {
      expect((await partitionsOf(parent)).filter((name) => name.includes('_2030'))).toEqual(
        days.map((day) => `${parent}_${day}`),
      );
    }
    expect(await db.store.partitions.ensureAhead(nowMs, { ahead: 3 })).toBe(0);
  });

  it('say how far ahead they reach without a gap in any table', async () => {
    const nowMs = Date.UTC(2033, 4, 30, 12);
    expect(await db.store.partitions.aheadMs(nowMs)).toBe(0);
    await db.store.partitions.ensureAhead(nowMs, { ahead: 3 });
    await db.store.partitions.ensureAhead(nowMs + 6 * dayMs, { ahead: 0 });
    expect(await db.store.partitions.aheadMs(nowMs)).toBe(3.5 * dayMs);
    expect(await db.store.partitions.aheadMs(nowMs + 3 * dayMs)).toBe(0.5 * dayMs);
    await database.query({ text: 'DROP TABLE node_executions_20330601' }, []);
    expect(await db.store.partitions.aheadMs(nowMs)).toBe(1.5 * dayMs);
  });

  it('take the first and the last millisecond of a day', async () => {
    const owner = await seedApp(db.store);
    const start = Date.UTC(2031, 0, 1);
    await db.store.partitions.ensureAhead(start, { ahead: 0 });
    const group = [start - 1, start, start + dayMs - 1].map((createdAtMs) => buildRun(owner, { createdAtMs }));
    await Promise.all(group.map(db.store.runs.insertAccepted));
    const rows = await database.query<{ day: string }>(
      { text: `SELECT tableoid::regclass::text AS day FROM runs WHERE app_id = $1 ORDER BY created_at` },
      [owner.appId],
    );
    expect(rows.map((row) => row.day)).toEqual(['runs_20301231', 'runs_20310101', 'runs_20310101']);
  });

  it('that are missing are made by the insert that needs them', async () => {
    const owner = await seedApp(db.store);
    const run = buildRun(owner, { createdAtMs: Date.UTC(2040, 5, 1) });
    const today = buildRun(owner);
    await Promise.all([today, run, today].map(db.store.runs.insertAccepted));
    expect(await db.store.runs.get(owner.tenantId, owner.appId, run.context.runId)).toBeDefined();
    const early = buildRun(owner, { createdAtMs: Date.UTC(2041, 5, 1) });
    expect(await db.store.nodeExecutions.record([buildNode(early)])).toEqual([undefined]);
    expect(await partitionsOf('run_archives')).toEqual(
      expect.arrayContaining(['run_archives_20400601', 'run_archives_20410601']),
    );
  });

  it('are dropped whole days at a time, with their runs, and nothing else', async () => {
    const owner = await seedApp(db.store);
    const keptMs = Date.UTC(2020, 0, 3);
    const [old, kept] = [buildRun(owner, { createdAtMs: keptMs - 1 }), buildRun(owner, { createdAtMs: keptMs })];
    await Promise.all([old, kept].map(db.store.runs.insertAccepted));
    const dropped = await db.store.partitions.dropBefore(keptMs + dayMs - 1);
    expect(dropped.sort()).toEqual(['node_executions_20200102', 'run_archives_20200102', 'runs_20200102']);
    const { tenantId, appId } = owner;
    expect(await db.store.runs.get(tenantId, appId, old.context.runId)).toBeUndefined();
    expect(await db.store.runs.get(tenantId, appId, kept.context.runId)).toBeDefined();
    expect(await db.store.partitions.dropBefore(keptMs)).toEqual([]);
  });

  it('prune: a look-up by run id plans one partition', async () => {
    const owner = await seedApp(db.store);
    const { context } = buildRun(owner);
    const plan = await database.query<{ 'QUERY PLAN': string }>(
      { text: `EXPLAIN SELECT 1 FROM runs WHERE created_at = $1 AND id = $2` },
      [new Date(context.createdAtMs).toISOString(), context.runId],
    );
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text.match(/runs_\d{8}/g)?.length).toBeGreaterThan(0);
    expect(new Set(text.match(/\bruns_\d{8}\b/g)).size).toBeLessThanOrEqual(1);
  });
});
