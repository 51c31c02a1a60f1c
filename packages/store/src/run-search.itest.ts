import { newRunId } from '@millrace/contracts';
import { Client } from 'pg';
import type { Store } from './index.js';
import { findRun, recentRuns, runsOfTrace } from './sql/runs.js';
import { buildEnding, buildRun, seedApp, startTestStore, type TestStore } from './testing/store.js';

let db: TestStore;
let runs: Store['runs'];
beforeAll(async () => {
  db = await startTestStore();
  runs = db.store.runs;
});
afterAll(() => db.close());

const idsOf = (found: { context: { runId: string } }[]) => found.map(({ context }) => context.runId);
const hex = (digit: string) => digit.repeat(32);

describe('a run by its id alone', () => {
  it('is found in its tenant only, and not when it was refused', async () => {
    const owner = await seedApp(db.store);
    const stranger = await seedApp(db.store);
    const [run, refused] = [buildRun(owner), buildRun(owner)];
    await Promise.all([run, refused].map(runs.insertAccepted));
    await runs.markRefused(refused);
    expect(await runs.find(owner.tenantId, run.context.runId)).toMatchObject({ context: run.context });
    expect(await runs.find(stranger.tenantId, run.context.runId)).toBeUndefined();
    expect(await runs.find(owner.tenantId, refused.context.runId)).toBeUndefined();
    for (const id of ['', 'x', newRunId(1)]) expect(await runs.find(owner.tenantId, id)).toBeUndefined();
  });
});

describe('runs of a trace', () => {
  it('are found by the public id and by the OpenTelemetry id, newest first, in their tenant only', async () => {
    const owner = await seedApp(db.store);
    const stranger = await seedApp(db.store);
    const traced = (traceId: string, otel: string, age: number) =>
      buildRun(owner, {
        traceId,
        trace: { traceparent: `00-${otel}-${'1'.repeat(16)}-01` },
        createdAtMs: Date.now() - age,
      });
    const [plain, named, again] = [
      traced(hex('a'), hex('a'), 3),
      traced('order-7', hex('b'), 2),
      traced('order-7', hex('c'), 1),
    ];
    await Promise.all([plain, named, again].map(runs.insertAccepted));
    const of = async (traceId: string, otelTraceId?: string, tenantId = owner.tenantId) =>
      idsOf(await runs.ofTrace(tenantId, { traceId, ...(otelTraceId === undefined ? {} : { otelTraceId }) }, 10));
    expect(await of(hex('a'), hex('a'))).toEqual([plain.context.runId]);
    expect(await of(hex('A'), hex('a'))).toEqual([plain.context.runId]);
    expect(await of('order-7')).toEqual([again.context.runId, named.context.runId]);
    expect(await of(hex('b'), hex('b'))).toEqual([named.context.runId]);
    expect(await of(hex('a'), hex('a'), stranger.tenantId)).toEqual([]);
    expect(await of('order-8')).toEqual([]);
  });

  it('cannot be forged by what a caller writes', async () => {
    const owner = await seedApp(db.store);
    const user = `"traceparent":"00-${hex('f')}-`;
    await runs.insertAccepted(buildRun(owner, { user, traceId: 'mine' }));
    expect(await runs.ofTrace(owner.tenantId, { traceId: hex('f'), otelTraceId: hex('f') }, 10)).toEqual([]);
  });
});

describe('the newest runs', () => {
  it('come from all apps asked for, newest first, with filters and page by page', async () => {
    const one = await seedApp(db.store);
    const { id: appId } = await db.store.apps.create(one.tenantId, { name: 'Two' });
    const two = { tenantId: one.tenantId, appId };
    const baseMs = Date.now() - 10_000;
    const made = [one, two, one, two, one].map((owner, n) =>
      buildRun(owner, { createdAtMs: baseMs + 1000 * n, user: `user-${n % 2}` }),
    );
    await Promise.all(made.map(runs.insertAccepted));
    const ids = made.map((run) => run.context.runId).reverse();
    await runs.saveEnding(one.tenantId, ids[0]!, buildEnding({ status: 'failed' }));
    const recent = async (query: Partial<Parameters<Store['runs']['recent']>[1]>) =>
      idsOf(await runs.recent(one.tenantId, { appIds: [one.appId, two.appId], limit: 10, ...query }));
    expect(await recent({})).toEqual(ids);
    expect(await recent({ limit: 2 })).toEqual(ids.slice(0, 2));
    expect(await recent({ limit: 2, beforeRunId: ids[1]! })).toEqual(ids.slice(2, 4));
    expect(await recent({ appIds: [two.appId] })).toEqual([ids[1], ids[3]]);
    expect(await recent({ status: 'failed' })).toEqual([ids[0]]);
    expect(await recent({ status: 'accepted' })).toEqual(ids.slice(1));
    expect(await recent({ sessionId: 'user-1' })).toEqual([ids[1], ids[3]]);
    expect(await recent({ afterMs: baseMs + 3000 })).toEqual(ids.slice(0, 2));
    expect(await recent({ beforeMs: baseMs + 1000 })).toEqual(ids.slice(3));
    expect(await recent({ beforeMs: baseMs + 1000, beforeRunId: ids[4]! })).toEqual([]);
    expect(await recent({ appIds: [] })).toEqual([]);
    const stranger = await seedApp(db.store);
    expect(await runs.recent(stranger.tenantId, { appIds: [one.appId], limit: 10 })).toEqual([]);
  });
});

describe('plans', () => {
  it('read indexes only, never whole partitions', async () => {
    const client = new Client({
      connectionString: db.url,
      options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off',
    });
    await client.connect();
    try {
      const planOf = async ({ text }: { text: string }, values: string): Promise<string> => {
        await client.query(`PREPARE looked AS ${text}`);
        const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE looked(${values})`);
        await client.query('DEALLOCATE looked');
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      };
      const [id, day] = ['gen_random_uuid()', "now() - interval '1 day'"];
      const one = await planOf(findRun, `now(), ${id}, ${id}`);
      const traces = await planOf(runsOfTrace, `${id}, 't', 't', 10`);
      const recent = await planOf(recentRuns, `${id}, ARRAY[${id}], NULL, NULL, now(), ${day}, ${id}, ${id}, 10`);
      for (const plan of [one, traces, recent]) expect(plan).not.toContain('Seq Scan');
      expect(one).toMatch(/Index Cond: \(\(id = .*created_at = /);
      expect(traces.match(/Index Cond: \(trace_id = \$[23]/g)).not.toBeNull();
      expect(traces.match(/Index Cond: \("?substring"?\(context/g)).not.toBeNull();
      expect(traces).not.toContain('_pkey');
      expect(recent).toMatch(/Index Cond: \(\(app_id = a\.app_id\) AND \(id </);
    } finally {
      await client.end();
    }
  });
});
