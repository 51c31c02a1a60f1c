import { compareEventIds, type RunRef } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import { runKeys } from './keys.js';
import { callScript } from './scripts.js';

export interface StoredEvent {
  /** `<epoch>-<seq>`, the SSE id. */
  id: string;
  /** The event's JSON, as it goes to clients. */
  event: string;
}

/** An event with what the recorder needs of it; `node` is there for the `node_finished` of a settled node. */
export interface RecordedEvent extends StoredEvent {
  node?: SettledNode;
}

export interface SettledNode {
  /** JSON of StoredNodeMeta. */
  meta: string;
  /** The node's number in the run. */
  index: number;
  startedEventId: string;
}

export interface RangeRequest {
  run: RunRef;
  /** Exclusive; absent = from the beginning. */
  after?: string;
  /** Inclusive bounds instead. */
  from?: string;
  to?: string;
  /** At most this many stream entries, from the oldest. Default: all. An entry holds one event, or both of a quick node. */
  count?: number;
  /** Only the newest this many, oldest first. Then `count` is absent. */
  last?: number;
}

/** Reads runs' event streams. */
export interface RunEvents {
  /** Events of several runs in one round trip, in the order asked. */
  ranges(requests: RangeRequest[]): Promise<RecordedEvent[][]>;
  exists(run: RunRef): Promise<boolean>;
  /** Gives the keys of runs of one shard `ttlMs` to live. */
  expire(runs: RunRef[], ttlMs: number): Promise<void>;
}

type Entry = [id: string, fields: string[]];

/**
 * The events of an entry: `e` is one as it is, with `m`, `i` and `s` (meta, number, id of `node_started`) beside it when it is of a node
 * that the run's end cut off; `n` is a settled node: head, number, head, rest of `node_finished`, meta and rest of
 * `node_started`, joined by US. Its `node_started` is the event before, or, when `s` names one, that (settle-6.lua).
 */
function parse([id, fields]: Entry): RecordedEvent[] {
  const [kind, text = '', , told] = fields;
  if (kind === 'e') return [{ id, event: text, ...cutOff(fields) }];
  const [before = '', index = '', after = '', rest = '', meta = '', startedRest = ''] = text.split('\x1f');
  const head = `${before}${index}${after}`;
  const startedEventId = told ?? idBefore(id);
  const node = { meta, index: Number(index), startedEventId };
  const finished = { id, event: `{"event":"node_finished"${head}${rest}`, node };
  if (told !== undefined) return [finished];
  return [{ id: startedEventId, event: `{"event":"node_started"${head}${startedRest}` }, finished];
}

const cutOff = ([, , , meta, , index, , startedEventId = '']: string[]): Pick<RecordedEvent, 'node'> =>
  meta === undefined ? {} : { node: { meta, index: Number(index), startedEventId } };

function idBefore(id: string): string {
  const dash = id.indexOf('-') + 1;
  return `${id.slice(0, dash)}${Number(id.slice(dash)) - 1}`;
}

export function createRunEvents(redis: Redis): RunEvents {
  return {
    async ranges(requests) {
      const pipeline = redis.pipeline();
      for (const { run, after, from: first = '-', to = '+', count, last } of requests) {
        const from = after === undefined ? first : `(${after}`;
        if (last !== undefined) pipeline.xrevrange(runKeys.events(run), '+', from, 'COUNT', last);
        else if (count === undefined) pipeline.xrange(runKeys.events(run), from, to);
        else pipeline.xrange(runKeys.events(run), from, to, 'COUNT', count);
      }
      const replies = (await pipeline.exec()) ?? [];
      return replies.map(([error, entries], i) => {
        if (error) throw error;
        const { after, last } = requests[i] ?? {};
        const inOrder = last === undefined ? (entries as Entry[]) : (entries as Entry[]).reverse();
        const events = inOrder.flatMap(parse);
        // An entry after the cursor may hold an event that is not.
        return after !== undefined && events[0] && compareEventIds(events[0].id, after) <= 0 ? events.slice(1) : events;
      });
    },

    async exists(run) {
      return (await redis.exists(runKeys.events(run))) === 1;
    },

    async expire(runs, ttlMs) {
      // The variables went with the end of the run.
      const keys = runs.flatMap((run) => [runKeys.state(run), runKeys.events(run)]);
      if (keys.length > 0) await callScript(redis, 'expire', keys, [ttlMs]);
    },
  };
}
