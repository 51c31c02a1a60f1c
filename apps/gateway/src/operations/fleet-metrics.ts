import { runCreatedAtMs, type RunRef } from '@millrace/contracts';
import type { Overview, RedisServerState, ShardRuns } from '@millrace/state';
import { catalogue, type Gauge, type Metrics } from '@millrace/telemetry';

/** Where the fleet's metrics are read. */
export interface FleetProbes {
  /** By shard number. */
  queues: readonly { depth(): Promise<QueueDepth> }[];
  overview: Overview;
  store: {
    ping(): Promise<void>;
    runs: { oldestUnfinished(shard: number, limit: number): Promise<string[]> };
    partitions: { aheadMs(nowMs: number): Promise<number> };
  };
  limits: { maxRunMs: number };
}

interface QueueDepth {
  waiting: number;
  delayed: number;
  oldestMs: number;
}

interface Unfinished {
  oldestMs: number;
  expired: number;
  lost: number;
}

/** What should have been looked at so long ago is stuck: the reconciler looks every few seconds. */
const graceMs = 60_000;
const oldestRuns = 200;

/**
 * Metrics of the whole fleet, read when somebody scrapes. Metrics are collected side by side, so those that come of one
 * look share it; and what cannot be read is shown as missing, never as it was before. Each is emptied and filled in one
 * turn, for two may scrape at a time.
 */
export function observeFleet(metrics: Metrics, { queues, overview, store, limits }: FleetProbes): void {
  const shards = queues.map((queue, shard) => ({
    queue: sharedLook(() => queue.depth()),
    ledger: sharedLook(() => overview.ledger(shard)),
    runs: sharedLook<ShardRuns>(() => overview.runs(shard, graceMs)),
    unfinished: sharedLook(async () =>
      stateOf(shard, await store.runs.oldestUnfinished(shard, oldestRuns), overview, limits.maxRunMs),
    ),
  }));
  const server = sharedLook<RedisServerState>(() => overview.server());

  /** A gauge with one value for each shard, of one of its looks. */
  const perShard = <Look extends 'queue' | 'ledger' | 'runs' | 'unfinished'>(
    definition: { name: string; help: string; labels: readonly 'shard'[] },
    look: Look,
    value: (found: NonNullable<Awaited<ReturnType<(typeof shards)[number][Look]>>>) => number,
  ): void => {
    metrics.gauge<'shard'>({
      ...definition,
      async collect(gauge) {
        const found = await Promise.all(
          shards.map((each) => each[look]() as Promise<Parameters<typeof value>[0] | undefined>),
        );
        gauge.reset();
        found.forEach((each, shard) => each && gauge.set({ shard: String(shard) }, value(each)));
      },
    });
  };
  metrics.gauge({
    ...catalogue.queueJobs,
    async collect(gauge) {
      const depths = await Promise.all(shards.map(({ queue }) => queue()));
      gauge.reset();
      depths.forEach((depth, number) => {
        const shard = String(number);
        if (!depth) return;
        gauge.set({ shard, state: 'waiting' }, depth.waiting);
        gauge.set({ shard, state: 'delayed' }, depth.delayed);
      });
    },
  });
  perShard(catalogue.queueOldest, 'queue', ({ oldestMs }) => oldestMs / 1000);
  perShard(catalogue.ledgerEntries, 'ledger', ({ length }) => length);
  perShard(catalogue.ledgerOldest, 'ledger', ({ oldestMs }) => oldestMs / 1000);
  perShard(catalogue.runsUnfinished, 'runs', ({ unfinished }) => unfinished);
  perShard(catalogue.nodesOverdue, 'runs', ({ overdueNodes }) => overdueNodes);
  perShard(catalogue.runsOldest, 'unfinished', ({ oldestMs }) => oldestMs / 1000);
  metrics.gauge({
    ...catalogue.runsStuck,
    async collect(gauge) {
      const found = await Promise.all(shards.map(({ runs, unfinished }) => Promise.all([runs(), unfinished()])));
      gauge.reset();
      found.forEach(([here, there], number) => {
        const shard = String(number);
        if (here) gauge.set({ shard, reason: 'ending' }, here.ending);
        if (there) gauge.set({ shard, reason: 'lost' }, there.lost);
        // Redis may have forgotten what Postgres still knows, and the other way round.
        const expired = Math.max(here?.expired ?? 0, there?.expired ?? 0);
        if (here ?? there) gauge.set({ shard, reason: 'expired' }, expired);
      });
    },
  });

  observeServer(metrics, server);
  metrics.gauge({
    ...catalogue.postgresUp,
    collect: async (gauge) => gauge.set((await answers(store.ping())) ? 1 : 0),
  });
  metrics.gauge({
    ...catalogue.partitionsAhead,
    async collect(gauge) {
      const aheadMs = await read(store.partitions.aheadMs(Date.now()));
      setOrForget(gauge, aheadMs && aheadMs / 1000);
    },
  });
}

function observeServer(metrics: Metrics, server: () => Promise<RedisServerState | undefined>): void {
  metrics.gauge({ ...catalogue.redisUp, collect: async (gauge) => gauge.set((await server()) ? 1 : 0) });
  const serverGauge = (
    definition: { name: string; help: string },
    value: (state: RedisServerState) => number,
  ): void => {
    metrics.gauge({
      ...definition,
      async collect(gauge) {
        const state = await server();
        setOrForget(gauge, state && value(state));
      },
    });
  };
  serverGauge(catalogue.redisMemory, ({ memoryBytes }) => memoryBytes);
  serverGauge(catalogue.redisMemoryMax, ({ maxMemoryBytes }) => maxMemoryBytes);
  serverGauge(catalogue.redisClients, ({ clients }) => clients);
  metrics.gauge({
    ...catalogue.redisPolicy,
    async collect(gauge) {
      const state = await server();
      gauge.reset();
      if (state) gauge.set({ policy: state.policy }, 1);
    },
  });
  metrics.counter({
    ...catalogue.redisEvicted,
    async collect(counter) {
      const state = await server();
      // Redis counts; this only repeats it.
      counter.reset();
      if (state) counter.inc(state.evictedKeys);
      else counter.remove();
    },
  });
}

/** What the oldest unfinished runs of a shard tell. */
async function stateOf(shard: number, ids: string[], overview: Overview, maxRunMs: number): Promise<Unfinished> {
  const now = Date.now();
  const runs = ids.map((runId) => ({ runId, shard, ageMs: now - (runCreatedAtMs(runId) ?? now) }));
  const old: RunRef[] = runs.filter(({ ageMs }) => ageMs > graceMs);
  return {
    oldestMs: Math.max(0, runs[0]?.ageMs ?? 0),
    expired: runs.filter(({ ageMs }) => ageMs > maxRunMs + graceMs).length,
    lost: await overview.missing(old),
  };
}

/** Reads once for all who ask while it is under way; `undefined` when it cannot be read. */
function sharedLook<T>(look: () => Promise<T>): () => Promise<T | undefined> {
  let current: Promise<T | undefined> | undefined;
  return () =>
    (current ??= read(look()).finally(() => {
      current = undefined;
    }));
}

/** What fails here fails everywhere, and is reported there; a scrape only shows that it is missing. */
const read = <T>(reading: Promise<T>): Promise<T | undefined> => reading.catch(() => undefined);

const answers = async (call: Promise<void>): Promise<boolean> => (await read(call.then(() => true))) ?? false;

function setOrForget(gauge: Gauge<never>, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}
