import type { LedgerEntry, RunLedgerMeta } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import { shardKeys } from './keys.js';

/** Reads a shard's ledger as one consumer of the recorders' group. */
export interface Ledger {
  /** New entries; waits up to `blockMs` for the first one. Needs a connection of its own. */
  read(options: { count: number; blockMs: number }): Promise<LedgerEntry[]>;
  /** Takes over entries that a dead consumer left unacknowledged. */
  reclaim(options: { minIdleMs: number; count: number }): Promise<{ entry: LedgerEntry; deliveries: number }[]>;
  /** Acknowledges and deletes. */
  ack(ids: string[]): Promise<void>;
  /** Sets entries aside that nobody could record; they stay in `<ledger>:parked`. */
  park(entries: LedgerEntry[]): Promise<void>;
}

type Entry = [id: string, fields: string[] | null];

/** Kinds of entries. What is to be read otherwise gets a kind of its own (F2). */
const kinds = new Set(['node', 'nodes', 'end']);

export interface LedgerOptions {
  group?: string;
  consumer: string;
}

/**
 * @param blocking connection used for reading only
 * @param redis connection for everything else
 */
export function createLedger(
  blocking: Redis,
  redis: Redis,
  shard: number,
  { group = 'recorder', consumer }: LedgerOptions,
): Ledger {
  const key = shardKeys.ledger(shard);
  /** The group is made on demand: it is gone after a flush. */
  const withGroup = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOGROUP')) throw error;
      await redis.xgroup('CREATE', key, group, '0', 'MKSTREAM').catch((cause: unknown) => {
        if (!(cause instanceof Error) || !cause.message.startsWith('BUSYGROUP')) throw cause;
      });
      return await read();
    }
  };

  /** Entries of another release are left to its recorders: they stay pending, and no delivery to this one is counted. */
  const known = async (entries: Entry[]): Promise<LedgerEntry[]> => {
    const foreign = entries.filter(([, fields]) => fields && !kinds.has(fields[1] ?? '')).map(([id]) => id);
    if (foreign.length > 0) {
      await redis.xclaim(key, group, consumer, 0, ...foreign, 'RETRYCOUNT', 0, 'JUSTID');
    }
    return entries.filter(([id]) => !foreign.includes(id)).flatMap(parseEntry);
  };

  return {
    async read({ count, blockMs }) {
      const reply: unknown = await withGroup(() =>
        blocking.xreadgroup('GROUP', group, consumer, 'COUNT', count, 'BLOCK', blockMs, 'STREAMS', key, '>'),
      );
      return known((reply as [string, Entry[]][] | null)?.flatMap(([, entries]) => entries) ?? []);
    },

    async reclaim({ minIdleMs, count }) {
      const [, entries] = (await withGroup(() =>
        redis.xautoclaim(key, group, consumer, minIdleMs, '0', 'COUNT', count),
      )) as [string, Entry[]];
      if (entries.length === 0) return [];
      const pending = (await redis.xpending(key, group, '-', '+', 10_000, consumer)) as [
        string,
        string,
        number,
        number,
      ][];
      const deliveries = new Map(pending.map(([id, , , times]) => [id, times]));
      return (await known(entries)).map((entry) => ({ entry, deliveries: deliveries.get(entry.id) ?? 1 }));
    },

    async ack(ids) {
      if (ids.length === 0) return;
      await redis
        .multi()
        .xack(key, group, ...ids)
        .xdel(key, ...ids)
        .exec();
    },

    async park(entries) {
      if (entries.length > 0) await redis.rpush(`${key}:parked`, ...entries.map((entry) => JSON.stringify(entry)));
    },
  };
}

function parseEntry([id, fields]: Entry): LedgerEntry[] {
  // A deleted entry that was still pending comes back without fields.
  if (!fields) return [];
  const text = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  const { epoch = 0, ...where } = JSON.parse(text('m')) as RunLedgerMeta & { epoch?: number };
  // Entries of earlier releases do not say it.
  const bytes = Number(text('b')) || 0;
  const run = { id, runId: text('r'), bytes, ...where };
  const kind = text('k');
  if (kind === 'end') {
    const recordedUpTo = text('a');
    return [{ ...run, kind, epoch, ...(recordedUpTo === '' ? {} : { recordedUpTo }) }];
  }
  const to = text('z');
  if (kind === 'node') {
    const started = text('s');
    return [
      {
        ...run,
        kind: 'nodes',
        ranges: [
          { from: started, to: started },
          { from: to, to },
        ],
      },
    ];
  }
  const after = text('a');
  return [{ ...run, kind: 'nodes', ranges: [after === '' ? { to } : { from: after, to }] }];
}
