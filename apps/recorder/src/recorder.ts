import type { LedgerEntry } from '@millrace/contracts';
import type { Logger } from '@millrace/telemetry';
import { pause as realPause, persist, repeatUntilShutdown, type Pause, type Persistence } from './backoff.js';
import type { RecorderMetrics } from './metrics.js';
import type { EventStreams, History, LedgerReader } from './ports.js';
import { recordEntries, type RecordDeps } from './record.js';

/** Entries read at a time. */
const batchSize = 1000;
/** How long an idle recorder waits in one read; also the longest wait for a shutdown. */
const blockMs = 2000;
/**
 * Wait after a batch that was not full, so that the next one is worth its statements: history may lag
 * a little, but its cost per run matters. At 400 runs a second a batch then holds a hundred of them.
 */
const gatherMs = 250;
/** An entry that nobody acknowledged for so long has lost its recorder. */
const minIdleMs = 10_000;
const reclaimEveryMs = 5000;
const reclaimCount = 200;
/** After so many deliveries an entry is not trusted among others: it may be what kills recorders. */
const suspectDeliveries = 3;
/** After so many deliveries (minutes of trying) an entry is set aside. */
const maxDeliveries = 20;

export interface RecorderDeps {
  shard: number;
  ledger: LedgerReader;
  events: EventStreams;
  history: History;
  metrics: RecorderMetrics;
  log: Logger;
  /** Injected for tests. */
  pause?: Pause;
  now?: () => number;
}

/** Records one shard's ledger until `signal` aborts; outages only make it wait. */
export async function runRecorder(deps: RecorderDeps, signal: AbortSignal): Promise<void> {
  const { pause = realPause, now = Date.now, shard, log } = deps;
  const persistence: Persistence = {
    signal,
    pause,
    onRetry: (error, failures) => log.warn({ err: error, shard, failures }, 'recording is held up, trying again'),
  };
  let reclaimAt = 0;
  const turn = async (): Promise<void> => {
    const entries = await deps.ledger.read({ count: batchSize, blockMs });
    if (entries.length > 0) await recordAndAck(entries, deps, persistence);
    if (now() >= reclaimAt) {
      reclaimAt = now() + reclaimEveryMs;
      await reclaim(deps, persistence);
    }
    if (entries.length > 0 && entries.length < batchSize) await pause(gatherMs, signal);
  };
  await repeatUntilShutdown(turn, persistence);
}

async function reclaim(deps: RecorderDeps, persistence: Persistence): Promise<void> {
  const found = await deps.ledger.reclaim({ minIdleMs, count: reclaimCount });
  if (found.length === 0) return;
  const upTo = (most: number) => found.filter(({ deliveries }) => deliveries <= most).map(({ entry }) => entry);
  const hopeless = found.filter(({ deliveries }) => deliveries > maxDeliveries).map(({ entry }) => entry);
  const trusted = new Set(upTo(suspectDeliveries));
  const suspects = upTo(maxDeliveries).filter((entry) => !trusted.has(entry));

  if (hopeless.length > 0) await parkAndAck(hopeless, deps);
  if (trusted.size > 0) await recordAndAck([...trusted], deps, persistence);
  // Each with its own acknowledgement: if one kills this process, those before it are done.
  for (const suspect of suspects) await recordAndAck([suspect], deps, persistence);
}

async function recordAndAck(entries: LedgerEntry[], deps: RecorderDeps, persistence: Persistence): Promise<void> {
  const { shard, history, events, ledger, metrics, log } = deps;
  const recordDeps: RecordDeps = { shard, history, events, persistence };
  const recorded = await recordEntries(entries, recordDeps);
  if (recorded.done.length > 0) await persist(() => ledger.ack(recorded.done), persistence);
  const { nodes, runs } = recorded;
  metrics.recorded({ entries: entries.length, nodes, runs, oldestId: entries[0]?.id });
  for (const { entry, error } of recorded.failed) {
    // Not acknowledged: it comes back through `reclaim`.
    metrics.failed(entry.kind);
    log.error({ err: error, shard, entry_id: entry.id, kind: entry.kind, run_id: entry.runId }, 'entry not recorded');
  }
}

async function parkAndAck(entries: LedgerEntry[], { ledger, metrics, log, shard }: RecorderDeps): Promise<void> {
  await ledger.park(entries);
  await ledger.ack(entries.map(({ id }) => id));
  for (const { id, kind, runId } of entries) {
    metrics.parked(kind);
    log.error({ shard, entry_id: id, kind, run_id: runId }, 'entry set aside: it could not be recorded');
  }
}
