import type { LedgerEntry } from '@millrace/contracts';
import { catalogue, type Metrics } from '@millrace/telemetry';

type Kind = LedgerEntry['kind'];
const kinds: readonly Kind[] = ['nodes', 'end'];

/** What the recorder counts. */
export interface RecorderMetrics {
  recorded(batch: { entries: number; nodes: number; runs: number; oldestId: string | undefined }): void;
  failed(kind: Kind): void;
  parked(kind: Kind): void;
}

export function createRecorderMetrics(metrics: Metrics): RecorderMetrics {
  const rows = metrics.counter(catalogue.recorderRows);
  const failed = metrics.counter(catalogue.recorderFailed);
  const parked = metrics.counter(catalogue.recorderParked);
  const lag = metrics.histogram(catalogue.recorderLag);
  const batches = metrics.histogram(catalogue.recorderBatch);
  for (const kind of ['node', 'run']) rows.inc({ kind }, 0);
  for (const kind of kinds) {
    failed.inc({ kind }, 0);
    parked.inc({ kind }, 0);
  }
  return {
    recorded({ entries, nodes, runs, oldestId }) {
      batches.observe({}, entries);
      if (nodes > 0) rows.inc({ kind: 'node' }, nodes);
      if (runs > 0) rows.inc({ kind: 'run' }, runs);
      if (oldestId !== undefined) lag.observe({}, Math.max(0, Date.now() - Number.parseInt(oldestId, 10)) / 1000);
    },
    failed: (kind) => failed.inc({ kind }),
    parked: (kind) => parked.inc({ kind }),
  };
}
