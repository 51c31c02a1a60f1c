import { newId, newRunId, type StoredNodeMeta, type RunRef } from '@millrace/contracts';
import { connectRedis, createLedger, createRunEvents, shardPrefix } from '@millrace/state';
import { createStore, type Store } from '@millrace/store';
import { createLogger, createMetrics } from '@millrace/telemetry';
import { createDatabase, freshRedis, type TestDatabase } from '@millrace/testing';
import { pause } from './backoff.js';
import { createRecorderMetrics } from './metrics.js';
import type { LedgerReader } from './ports.js';
import { runRecorder } from './recorder.js';

const shard = 0;
const ledgerKey = `${shardPrefix(shard)}:ledger`;

describe('the recorder on real services', () => {
  let database: TestDatabase;
  let store: Store;
  let redis: ReturnType<typeof connectRedis>;
  let blocking: ReturnType<typeof connectRedis>;
  beforeAll(async () => {
    database = await createDatabase();
    store = createStore({ databaseUrl: database.url, secretKey: 'k'.repeat(32) });
    const { url } = await freshRedis();
    redis = connectRedis(url, 'patient', 'test');
    blocking = connectRedis(url, 'patient', 'test-read');
  });
  afterAll(async () => {
    redis.disconnect();
    blocking.disconnect();
    await store.close();
    await database.drop();
  });

  const tenantId = newId();
  const appId = newId();

  function nodeMeta(createdAtMs: number, executionId = newId()): StoredNodeMeta {
    return {
      ...{ frame: 0, node: 1, nodeId: 'n', nodeType: 'template-transform' },
      ...{ title: 'T', executionId, attempt: 1, status: 'succeeded', handle: 'source', tokens: 0 },
      ...{ startedAtMs: createdAtMs, finishedAtMs: createdAtMs + 1 },
    };
  }

  /** A settled node as its entry of the stream has it. */
  const settled = (index: number, meta: StoredNodeMeta, rest: string): string =>
    ['', index, '', rest, JSON.stringify(meta), ''].join('\x1f');

  /** Writes a run's stream and ledger as the transitions do; answers the run. */
  async function endedRun(metas: (createdAtMs: number) => StoredNodeMeta[]): Promise<RunRef> {
    const createdAtMs = Date.now();
    const run = { runId: newRunId(createdAtMs), shard };
    const events = `${shardPrefix(shard)}:run:${run.runId}:events`;
    const add = (...fields: string[]) => redis.xadd(events, '1-*', ...fields);
    await add('e', '{"event":"workflow_started"}');
    for (const [i, meta] of metas(createdAtMs).entries()) {
      const started = (await add('e', '{"event":"node_started"}')) ?? '';
      await add('n', settled(i + 1, meta, ',"outputs":{"x":1.0}}'), 's', started);
    }
    await add('e', '{"event":"workflow_finished","text":"\\u0000"}');
    const end = { k: 'end', r: run.runId, m: JSON.stringify({ tenantId, appId, createdAtMs, epoch: 1 }) };
    await redis.xadd(ledgerKey, '*', ...Object.entries(end).flat());
    return run;
  }

  /** Runs a recorder until it has acknowledged `count` entries. */
  async function recordUntil(count: number): Promise<void> {
    const stop = new AbortController();
    const real = createLedger(blocking, redis, shard, { consumer: 'test' });
    let acknowledged = 0;
    const ledger: LedgerReader = {
      ...real,
      read: ({ count: most }) => real.read({ count: most, blockMs: 10 }),
      ack: async (ids) => {
        await real.ack(ids);
        acknowledged += ids.length;
        if (acknowledged >= count) stop.abort();
      },
    };
    const metrics = createRecorderMetrics(createMetrics({ service: 'test' }));
    const history = {
      recordNodes: store.nodeExecutions.record,
      saveArchives: store.archives.save,
    };
    const log = createLogger({ service: 'test', level: 'silent' });
    await runRecorder({ shard, ledger, events: createRunEvents(redis), history, metrics, log, pause }, stop.signal);
  }

  it('moves node results and the event stream to Postgres and limits the life of the keys', async () => {
    const run = await endedRun((createdAtMs) => [nodeMeta(createdAtMs), nodeMeta(createdAtMs)]);
    await recordUntil(1);
    const nodes = await store.nodeExecutions.listForRun(tenantId, run.runId);
    expect(nodes).toMatchObject([
      { startedEventId: '1-1', finishedEventId: '1-2', finishedEvent: '' },
      { startedEventId: '1-3', finishedEventId: '1-4' },
    ]);
    const archived = await store.archives.load(tenantId, run.runId);
    expect(archived?.at(0)).toEqual({ id: '1-0', event: '{"event":"workflow_started"}' });
    expect(archived?.at(-1)).toEqual({ id: '1-5', event: '{"event":"workflow_finished","text":"\\u0000"}' });
    const ttl = await redis.pttl(`${shardPrefix(shard)}:run:${run.runId}:events`);
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(60_000);
    expect(await redis.xlen(ledgerKey)).toBe(0);
  });

  it('records a node that the end of its run cut off, as the stream tells it', async () => {
    const createdAtMs = Date.now();
    const run = { runId: newRunId(createdAtMs), shard };
    const events = `${shardPrefix(shard)}:run:${run.runId}:events`;
    await redis.xadd(events, '1-1', 'e', '{"event":"node_started"}');
    const stopped = JSON.stringify({ ...nodeMeta(createdAtMs), status: 'stopped' });
    await redis.xadd(events, '1-2', 'e', '{"event":"node_finished"}', 'm', stopped, 'i', '1', 's', '1-1');
    await redis.xadd(events, '1-3', 'e', '{"event":"workflow_finished"}');
    const end = { k: 'end', r: run.runId, m: JSON.stringify({ tenantId, appId, createdAtMs, epoch: 1 }) };
    await redis.xadd(ledgerKey, '*', ...Object.entries(end).flat());
    await recordUntil(1);
    const [row, ...others] = await store.nodeExecutions.listForRun(tenantId, run.runId);
    expect(row).toMatchObject({ startedEventId: '1-1', finishedEventId: '1-2', meta: { status: 'stopped', index: 1 } });
    expect(others).toEqual([]);
    expect((await store.archives.load(tenantId, run.runId))?.map(({ id }) => id)).toEqual(['1-1', '1-2', '1-3']);
  });

  it('records the nodes of a run that takes a while before it ends', async () => {
    const createdAtMs = Date.now();
    const run = { runId: newRunId(createdAtMs), shard };
    const events = `${shardPrefix(shard)}:run:${run.runId}:events`;
    await redis.xadd(events, '1-0', 'e', '{"event":"node_started"}');
    await redis.xadd(events, '1-1', 'n', settled(1, nodeMeta(createdAtMs), '}'), 's', '1-0');
    const meta = JSON.stringify({ tenantId, appId, createdAtMs });
    await redis.xadd(ledgerKey, '*', 'k', 'nodes', 'r', run.runId, 'm', meta, 'a', '', 'z', '1-1');
    await recordUntil(1);
    expect(await store.nodeExecutions.listForRun(tenantId, run.runId)).toHaveLength(1);
    expect(await redis.pttl(events)).toBe(-1);
  });

  it('keeps an entry with a bad node in the ledger and records the rest (R3)', async () => {
    await endedRun((createdAtMs) => [nodeMeta(createdAtMs), nodeMeta(createdAtMs, 'no uuid')]);
    const run = await endedRun((createdAtMs) => [nodeMeta(createdAtMs)]);
    await recordUntil(1);
    expect(await store.nodeExecutions.listForRun(tenantId, run.runId)).toHaveLength(1);
    expect(await redis.xlen(ledgerKey)).toBe(1);
    await redis.del(ledgerKey);
  });

  it('repeats without harm what was recorded but not acknowledged (R1)', async () => {
    const run = await endedRun((createdAtMs) => [nodeMeta(createdAtMs)]);
    const entries = (await redis.xrange(ledgerKey, '-', '+')) as [string, string[]][];
    await recordUntil(1);
    for (const [, fields] of entries) await redis.xadd(ledgerKey, '*', ...fields);
    await recordUntil(1);
    expect(await store.nodeExecutions.listForRun(tenantId, run.runId)).toHaveLength(1);
    expect(await store.archives.load(tenantId, run.runId)).toHaveLength(4);
  });
});
