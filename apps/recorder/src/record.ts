/**
 * Ledger entries → Postgres.
 *
 * R1: an entry is acknowledged only after it is in Postgres (or was parked, see `recorder.ts`).
 * R2: a run's Redis keys get their life limit only after its archive is in Postgres.
 * R3: a bad entry hurts no other: the store answers for each, and only those it took are acknowledged.
 * R4: an outage loses nothing and blames nobody: everything waits until it is over.
 */
import type { LedgerEntry } from '@millrace/contracts';
import { persist, type Persistence } from './backoff.js';
import type { EndEntry, EventStreams, History } from './ports.js';

/** Life of a run's Redis keys after it has been archived; late followers still find them. */
const keysTtlMs = 60_000;
/** Ended runs whose events are in memory at the same time. */
const archiveGroup = 50;

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
  const nodes = entries.filter((entry) => entry.kind === 'node');
  const ends = entries.filter((entry) => entry.kind === 'end');
  const recorded: Recorded = { done: [], nodes: 0, runs: 0, failed: [] };
  const { history, persistence } = deps;

  if (nodes.length > 0) {
    const errors = await persist(() => history.recordNodes(nodes), persistence);
    recorded.nodes = sort(nodes, errors, recorded);
  }
  for (let from = 0; from < ends.length; from += archiveGroup) {
    const group = ends.slice(from, from + archiveGroup);
    recorded.runs += sort(group, await archive(group, deps), recorded);
  }
  return recorded;
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
async function archive(ends: EndEntry[], { shard, events, history, persistence }: RecordDeps): Promise<unknown[]> {
  // A run is twice in the ledger when its end was published again after a crash.
  const runs = [...new Map(ends.map((end) => [end.runId, end])).values()];
  const refs = runs.map(({ runId }) => ({ runId, shard }));
  const streams = await persist(() => events.ranges(refs.map((run) => ({ run }))), persistence);
  const archives = runs
    .map(({ runId, tenantId, createdAtMs, epoch }, i) => ({
      runId,
      tenantId,
      createdAtMs,
      epoch,
      events: streams[i] ?? [],
    }))
    // A stream that is gone had been archived: until then its keys have no life limit (R2).
    .filter((run) => run.events.length > 0);
  const errors = archives.length > 0 ? await persist(() => history.saveArchives(archives), persistence) : [];
  const failures = new Map(archives.map(({ runId }, i) => [runId, errors[i]]));
  const kept = refs.filter(({ runId }) => failures.get(runId) === undefined);
  if (kept.length > 0) await persist(() => events.expire(kept, keysTtlMs), persistence);
  return ends.map(({ runId }) => failures.get(runId));
}
