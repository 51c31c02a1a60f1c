import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerEntry } from '@millrace/contracts';
import type { Metrics } from '@millrace/telemetry';

type Kind = LedgerEntry['kind'];

/** What the recorder counts. */
export interface RecorderMetrics {
  recorded(batch: { nodes: number; runs: number; oldestId: string | undefined }): void;
  failed(kind: Kind): void;
  parked(kind: Kind): void;
}

/** Depth of a ledger: entries in it and the age of the oldest, ms. */
interface Depth {
  length: number;
  oldestMs: number;
}
export type LedgerDepth = () => Promise<Depth>;

/** Without Redis a scrape shows what it last knew, instead of hanging. */
const scrapeTimeoutMs = 1000;

async function inTime(depth: Promise<Depth>): Promise<Depth | undefined> {
  const late = sleep(scrapeTimeoutMs, undefined, { ref: false });
  return Promise.race([depth, late]).catch(() => undefined);
}

/** Registers the recorder's metrics; depth is asked for when somebody scrapes. */
export function createRecorderMetrics(
  metrics: Metrics,
  ledgers: { shard: number; depth: LedgerDepth }[],
): RecorderMetrics {
  const rows = metrics.counter({
    name: 'millrace_recorder_rows_total',
    help: 'Rows written to Postgres: node executions and archived runs.',
    labels: ['kind'],
  });
  const failed = metrics.counter({
    name: 'millrace_recorder_failed_total',
    help: 'Ledger entries that could not be recorded and are tried again.',
    labels: ['kind'],
  });
  const parked = metrics.counter({
    name: 'millrace_recorder_parked_total',
    help: 'Ledger entries set aside because they could never be recorded.',
    labels: ['kind'],
  });
  const lag = metrics.histogram({
    name: 'millrace_recorder_lag_seconds',
    help: 'Age of the oldest entry of a batch when it was recorded.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  });
  const perShard = async (set: (shard: number, depth: Depth) => void): Promise<void> => {
    for (const { shard, depth } of ledgers) {
      const found = await inTime(depth());
      if (found) set(shard, found);
    }
  };
  metrics.gauge({
    name: 'millrace_ledger_entries',
    help: 'Entries that Postgres does not have yet.',
    labels: ['shard'],
    collect: (gauge) => perShard((shard, { length }) => gauge.set({ shard }, length)),
  });
  metrics.gauge({
    name: 'millrace_ledger_oldest_seconds',
    help: 'Age of the oldest entry that Postgres does not have yet.',
    labels: ['shard'],
    collect: (gauge) => perShard((shard, { oldestMs }) => gauge.set({ shard }, oldestMs / 1000)),
  });
  return {
    recorded({ nodes, runs, oldestId }) {
      if (nodes > 0) rows.inc({ kind: 'node' }, nodes);
      if (runs > 0) rows.inc({ kind: 'run' }, runs);
      if (oldestId !== undefined) lag.observe(Math.max(0, Date.now() - Number.parseInt(oldestId, 10)) / 1000);
    },
    failed: (kind) => failed.inc({ kind }),
    parked: (kind) => parked.inc({ kind }),
  };
}
