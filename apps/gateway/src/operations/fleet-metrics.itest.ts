import { newId, newRunId, type RunContext } from '@millrace/contracts';
import { connectRedis } from '@millrace/state';
import { createDatabase, freshRedis, startProxy, type FaultProxy } from '@millrace/testing';
import { call } from '../testing/client.js';
import { startGateway, type TestGateway } from '../testing/gateway-fixture.js';

const minuteMs = 60_000;
const maxRunMs = 10 * minuteMs;

let postgres: FaultProxy;
let redis: FaultProxy;
let direct: ReturnType<typeof connectRedis>;
let gateway: TestGateway;

/** What has been opened, also when the opening of the rest fails. */
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  const database = await createDatabase();
  closing.push(database.drop);
  postgres = await startProxy(database.url);
  closing.push(postgres.close);
  const { url } = await freshRedis();
  redis = await startProxy(url);
  closing.push(redis.close);
  direct = connectRedis(url, 'patient', 'test');
  closing.push(() => direct.disconnect());
  gateway = await startGateway(postgres.url, redis.url, {
    limits: { maxRunMs, maxSteps: 500, maxStreamedBytes: 1_000_000, maxValueBytes: 100_000_000 },
  });
  closing.push(gateway.close);
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** The value of a series; labels as they are written, without `service`. */
async function read(name: string, labels = ''): Promise<number | undefined> {
  const { text } = await call(`${gateway.url}/metrics`);
  const series = `${name}{${labels}${labels === '' ? '' : ','}service="gateway"} `;
  const line = text.split('\n').find((each) => each.startsWith(series));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

const shard = 'shard="0"';

/** The queue has a way of its own to find out that Redis is there again. */
const connected = async (): Promise<void> => {
  while ((await read('millrace_queue_oldest_seconds', shard)) === undefined);
};

/** A run as it stands in Postgres only. */
async function acceptAt(createdAtMs: number): Promise<RunContext> {
  const context: RunContext = {
    ...{ runId: newRunId(createdAtMs), shard: 0, tenantId: newId(), appId: newId(), versionId: newId() },
    ...{ taskId: newId(), endUserId: newId(), user: 'u', traceId: 't', trace: {}, createdAtMs },
  };
  await gateway.store.runs.insertAccepted({ context, versionLabel: 'v', inputs: '{}' });
  return context;
}

describe('metrics of the fleet (M3)', () => {
  it('say that nothing is wrong when nothing is', async () => {
    await connected();
    expect(await read('millrace_runs_unfinished', shard)).toBe(0);
    for (const reason of ['expired', 'ending', 'lost']) {
      expect([reason, await read('millrace_runs_stuck', `${shard},reason="${reason}"`)]).toEqual([reason, 0]);
    }
    expect(await read('millrace_nodes_overdue', shard)).toBe(0);
    expect(await read('millrace_runs_unfinished_oldest_seconds', shard)).toBe(0);
    expect(await read('millrace_ledger_oldest_seconds', shard)).toBe(0);
    expect(await read('millrace_redis_policy_info', 'policy="noeviction"')).toBe(1);
    expect(await read('millrace_redis_evicted_keys_total')).toBe(0);
    expect(await read('millrace_redis_memory_used_bytes')).toBeGreaterThan(100_000);
  });

  it('find runs that nobody brings to their end', async () => {
    const now = Date.now();
    await acceptAt(now - 1000); // young enough to be on its way
    const lost = await acceptAt(now - 2 * minuteMs);
    expect(await read('millrace_runs_stuck', `${shard},reason="lost"`)).toBe(1);
    expect(await read('millrace_runs_unfinished_oldest_seconds', shard)).toBeGreaterThanOrEqual(120);
    await direct.hset(`{s0}:run:${lost.runId}`, 'st', 'running');
    expect(await read('millrace_runs_stuck', `${shard},reason="lost"`)).toBe(0);

    await acceptAt(now - maxRunMs - 2 * minuteMs);
    expect(await read('millrace_runs_stuck', `${shard},reason="expired"`)).toBe(1);
    await direct.zadd('{s0}:deadlines', now - 2 * minuteMs, 'a', now - 2 * minuteMs, 'b', now - 1000, 'c', now, 'd');
    await direct.zadd('{s0}:decided', now - 2 * minuteMs, 'a', now, 'b');
    await direct.zadd('{s0}:leases', now - 2 * minuteMs, 'a|0|0', now, 'b|0|0');
    expect(await read('millrace_runs_stuck', `${shard},reason="expired"`)).toBe(2);
    expect(await read('millrace_runs_stuck', `${shard},reason="ending"`)).toBe(1);
    expect(await read('millrace_nodes_overdue', shard)).toBe(1);
    expect(await read('millrace_runs_unfinished', shard)).toBe(4);
  });

  it('tell how far the ledger is behind', async () => {
    await direct.xadd('{s0}:ledger', `${Date.now() - 5 * minuteMs}-0`, 'k', 'end');
    await direct.xadd('{s0}:ledger', '*', 'k', 'end');
    expect(await read('millrace_ledger_entries', shard)).toBe(2);
    expect(await read('millrace_ledger_oldest_seconds', shard)).toBeGreaterThanOrEqual(300);
  });

  it('tell how far partitions reach', async () => {
    await gateway.store.partitions.ensureAhead(Date.now(), { ahead: 9 });
    const days = ((await read('millrace_partitions_ahead_seconds')) ?? 0) / 86_400;
    expect([days > 9, days <= 10]).toEqual([true, true]);
  });

  it('leave out what cannot be read, instead of repeating what it was', async () => {
    await Promise.resolve(redis.cut());
    expect(await read('millrace_redis_up')).toBe(0);
    expect(await read('millrace_postgres_up')).toBe(1);
    for (const name of ['millrace_ledger_entries', 'millrace_queue_oldest_seconds', 'millrace_runs_unfinished']) {
      expect([name, await read(name, shard)]).toEqual([name, undefined]);
    }
    for (const name of ['millrace_redis_memory_used_bytes', 'millrace_redis_evicted_keys_total']) {
      expect([name, await read(name)]).toEqual([name, undefined]);
    }
    await Promise.resolve(redis.pass());
    await connected();
    expect(await read('millrace_ledger_entries', shard)).toBe(2);

    await Promise.resolve(postgres.silence());
    expect(await read('millrace_postgres_up')).toBe(0);
    expect(await read('millrace_partitions_ahead_seconds')).toBeUndefined();
    await Promise.resolve(postgres.pass());
    while ((await read('millrace_postgres_up')) !== 1);
  });
});
