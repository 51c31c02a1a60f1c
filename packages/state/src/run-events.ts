import type { RunRef } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import { runKeys } from './keys.js';

export interface StoredEvent {
  /** `<epoch>-<seq>`, the SSE id. */
  id: string;
  /** The event's JSON, as it goes to clients. */
  event: string;
}

/** An event with what the recorder needs of it; `meta` and `startedEventId` are there for a settled node. */
export interface RecordedEvent extends StoredEvent {
  /** JSON of NodeLedgerMeta. */
  meta?: string;
  startedEventId?: string;
}

export interface RangeRequest {
  run: RunRef;
  /** Exclusive; absent = from the beginning. */
  after?: string;
  /** Inclusive bounds instead. */
  from?: string;
  to?: string;
  /** At most this many events, from the oldest. Default: all. */
  count?: number;
  /** Only the newest this many, oldest first. Then `after` and `count` are absent. */
  last?: number;
}

/** Reads runs' event streams. */
export interface RunEvents {
  /** Events of several runs in one round trip, in the order asked. */
  ranges(requests: RangeRequest[]): Promise<RecordedEvent[][]>;
  exists(run: RunRef): Promise<boolean>;
  /** Gives the run's keys `ttlMs` to live. */
  expire(runs: RunRef[], ttlMs: number): Promise<void>;
}

type Entry = [id: string, fields: string[]];

const parse = (entries: Entry[]): RecordedEvent[] =>
  entries.map(([id, [, event = '', , meta, , startedEventId]]) =>
    meta === undefined || startedEventId === undefined ? { id, event } : { id, event, meta, startedEventId },
  );

export function createRunEvents(redis: Redis): RunEvents {
  return {
    async ranges(requests) {
      const pipeline = redis.pipeline();
      for (const { run, after, from: first = '-', to = '+', count, last } of requests) {
        const from = after === undefined ? first : `(${after}`;
        if (last !== undefined) pipeline.xrevrange(runKeys.events(run), '+', '-', 'COUNT', last);
        else if (count === undefined) pipeline.xrange(runKeys.events(run), from, to);
        else pipeline.xrange(runKeys.events(run), from, to, 'COUNT', count);
      }
      const replies = (await pipeline.exec()) ?? [];
      return replies.map(([error, entries], i) => {
        if (error) throw error;
        const events = parse(entries as Entry[]);
        return requests[i]?.last === undefined ? events : events.reverse();
      });
    },

    async exists(run) {
      return (await redis.exists(runKeys.events(run))) === 1;
    },

    async expire(runs, ttlMs) {
      const pipeline = redis.pipeline();
      for (const run of runs) {
        // The variables went with the end of the run.
        pipeline.pexpire(runKeys.state(run), ttlMs).pexpire(runKeys.events(run), ttlMs);
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    },
  };
}
