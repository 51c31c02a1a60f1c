import type { RunRef } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import { runKeys, shardKeys } from './keys.js';

/** What operators look at, over all runs of a shard or the whole server. Nothing here changes anything. */
export interface Overview {
  /** Entries of the ledger and the age of the oldest, ms. */
  ledger(shard: number): Promise<{ length: number; oldestMs: number }>;
  runs(shard: number, graceMs: number): Promise<ShardRuns>;
  /** How many of the runs have no state in Redis. */
  missing(runs: readonly RunRef[]): Promise<number>;
  server(): Promise<RedisServerState>;
}

/** Runs of a shard; `expired`, `ending` and `overdueNodes` count what nobody has looked at for `graceMs` after it was due. */
export interface ShardRuns {
  unfinished: number;
  /** Runs past their time limit. */
  expired: number;
  /** Runs whose end is decided and not published. */
  ending: number;
  /** Nodes whose lease ran out. */
  overdueNodes: number;
}

export interface RedisServerState {
  memoryBytes: number;
  /** 0: no limit. */
  maxMemoryBytes: number;
  /** `maxmemory-policy`. */
  policy: string;
  evictedKeys: number;
  clients: number;
}

export function createOverview(redis: Redis): Overview {
  return {
    async ledger(shard) {
      const key = shardKeys.ledger(shard);
      const [length, first] = await Promise.all([redis.xlen(key), redis.xrange(key, '-', '+', 'COUNT', 1)]);
      const oldest = first[0]?.[0];
      return { length, oldestMs: oldest ? Math.max(0, Date.now() - Number(oldest.split('-')[0])) : 0 };
    },

    async runs(shard, graceMs) {
      const due = Date.now() - graceMs;
      const [unfinished, expired, ending, overdueNodes] = await Promise.all([
        redis.zcard(shardKeys.deadlines(shard)),
        redis.zcount(shardKeys.deadlines(shard), '-inf', due),
        redis.zcount(shardKeys.decided(shard), '-inf', due),
        redis.zcount(shardKeys.leases(shard), '-inf', due),
      ]);
      return { unfinished, expired, ending, overdueNodes };
    },

    async missing(runs) {
      const found = await Promise.all(runs.map((run) => redis.exists(runKeys.state(run))));
      return found.filter((count) => count === 0).length;
    },

    async server() {
      const info = await redis.info();
      const text = (name: string): string => new RegExp(`^${name}:(.*)\r$`, 'm').exec(info)?.[1] ?? '';
      const number = (name: string): number => Number(text(name)) || 0;
      return {
        memoryBytes: number('used_memory'),
        maxMemoryBytes: number('maxmemory'),
        policy: text('maxmemory_policy'),
        evictedKeys: number('evicted_keys'),
        clients: number('connected_clients'),
      };
    },
  };
}
