/**
 * Ledger entries → Postgres.
 *
 * R1: an entry is acknowledged only after it is in Postgres (or was parked, see `recorder.ts`).
 * R2: a run's Redis keys get their life limit only after its archive is in Postgres.
 * R3: a bad entry hurts no other: the store answers for each, and only those it took are acknowledged.
 * R4: an outage loses nothing and blames nobody: everything waits until it is over.
 */
import type { LedgerEntry, NodeLedgerMeta, NodeRecord } from '@millrace/contracts';
import { persist, type Persistence } from './backoff.js';
import type { EndEntry, EventStreams, History, StreamEvent } from './ports.js';

/** Life of a run's Redis keys after it has been archived; late followers still find them. */
const keysTtlMs = 60_000;
/** Entries whose events are in memory at the same time. */
const groupSize = 100;

export interface RecordDeps {
  shard: number;
  history: History;
  events: EventStreams;
  persistence: Persistence;
}

export interface Recorded {
  /** Ids that may be acknowledged. */
  done: string[];
  nodes: number;
  runs: number;
  failed: { entry: LedgerEntry; error: unknown }[];
}

/** Records entries; repeating it is harmless. @throws the abort reason on shutdown. */
export async function recordEntries(entries: readonly LedgerEntry[], deps: RecordDeps): Promise<Recorded> {
  const recorded: Recorded = { done: [], nodes: 0, runs: 0, failed: [] };
  for (let from = 0; from < entries.length; from += groupSize) {
    await recordGroup(entries.slice(from, from + groupSize), deps, recorded);
  }
  return recorded;
}

async function recordGroup(entries: readonly LedgerEntry[], deps: RecordDeps, recorded: Recorded): Promise<void> {
  const { shard, events, history, persistence } = deps;
  const requests = entries.flatMap((entry) => {
    const run = { runId: entry.runId, shard };
    return entry.kind === 'end' ? [{ run }] : entry.ranges.map((range) => ({ run, ...range }));
  });
  const answers = await persist(() => events.ranges(requests), persistence);
  let next = 0;
  const read = entries.map((entry) => {
    const count = entry.kind === 'end' ? 1 : entry.ranges.length;
    next += count;
    return { entry, events: answers.slice(next - count, next).flat() };
  });

  const records = read.flatMap(({ entry, events: found }) => nodeRecords(entry, found).map((record) => ({ entry, record })));
  const nodeErrors = new Map<LedgerEntry, unknown>();
  if (records.length > 0) {
    const errors = await persist(() => history.recordNodes(records.map(({ record }) => record)), persistence);
    records.forEach(({ entry }, i) => {
      if (errors[i] !== undefined) nodeErrors.set(entry, errors[i]);
    });
    recorded.nodes += errors.filter((error) => error === undefined).length;
  }
  const ends = read.flatMap(({ entry, events: found }) => (entry.kind === 'end' ? [{ entry, found }] : []));
  const archiveErrors = ends.length > 0 ? await archive(ends, deps) : [];
  ends.forEach(({ entry }, i) => {
    if (archiveErrors[i] !== undefined) nodeErrors.set(entry, archiveErrors[i]);
  });
  sort(entries, entries.map((entry) => nodeErrors.get(entry)), recorded);
  recorded.runs += ends.filter(({ entry }) => !nodeErrors.has(entry)).length;
}

/** The settled nodes among a run's events whose `node_started` is there too. */
export function nodeRecords(entry: LedgerEntry, events: readonly StreamEvent[]): NodeRecord[] {
  const started = new Map(events.map(({ id, event }) => [id, event]));
  const recordedUpTo = entry.kind === 'end' ? entry.recordedUpTo : undefined;
  const from = recordedUpTo === undefined ? 0 : events.findIndex(({ id }) => id === recordedUpTo) + 1;
  return events.slice(from).flatMap(({ id, event, meta, startedEventId = '' }) => {
    const startedEvent = started.get(startedEventId);
    if (meta === undefined || startedEvent === undefined) return [];
    const { runId } = entry;
    return [
      { runId, meta: JSON.parse(meta) as NodeLedgerMeta, startedEventId, finishedEventId: id, startedEvent, finishedEvent: event },
    ];
  });
}

/** Sorts entries into done and failed; answers how many are done. */
function sort(entries: readonly LedgerEntry[], errors: readonly unknown[], { done, failed }: Recorded): number {
  const before = done.length;
  for (const [i, entry] of entries.entries()) {
    if (errors[i] === undefined) done.push(entry.id);
    else failed.push({ entry, error: errors[i] });
  }
  return done.length - before;
}

/** Archives ended runs; answers per entry the error that kept it out. */
async function archive(
  ends: { entry: EndEntry; found: StreamEvent[] }[],
  { shard, events, history, persistence }: RecordDeps,
): Promise<unknown[]> {
  // A run is twice in the ledger when its end was published again after a crash.
  const runs = [...new Map(ends.map((end) => [end.entry.runId, end])).values()];
  const archives = runs
    .map(({ entry: { runId, tenantId, createdAtMs, epoch }, found }) => ({
      ...{ runId, tenantId, createdAtMs, epoch },
      events: found.map(({ id, event }) => ({ id, event })),
    }))
    // A stream that is gone had been archived: until then its keys have no life limit (R2).
    .filter((run) => run.events.length > 0);
  const errors = archives.length > 0 ? await persist(() => history.saveArchives(archives), persistence) : [];
  const failures = new Map(archives.map(({ runId }, i) => [runId, errors[i]]));
  const kept = runs.map(({ entry }) => entry.runId).filter((runId) => failures.get(runId) === undefined);
  if (kept.length > 0) await persist(() => events.expire(kept.map((runId) => ({ runId, shard })), keysTtlMs), persistence);
  return ends.map(({ entry }) => failures.get(entry.runId));
}
