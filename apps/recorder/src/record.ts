/**
 * Ledger entries → Postgres.
 *
 * R1: an entry is acknowledged only after it is in Postgres (or was parked, see `recorder.ts`).
 * R2: a run's Redis keys get their life limit only after its nodes and its archive are in Postgres.
 * R3: a bad entry hurts no other: the store answers for each, and only those it took are acknowledged.
 * R4: an outage loses nothing and blames nobody: everything waits until it is over.
 */
import type { LedgerEntry, NodeRecord, StoredNodeMeta } from '@millrace/contracts';
import { persist, type Persistence } from './backoff.js';
import type { EndEntry, EventStreams, History, StreamEvent } from './ports.js';

/** Life of a run's Redis keys after it has been archived; late followers still find them. */
const keysTtlMs = 60_000;
/** Entries whose events are in memory at the same time, and bytes of them, unless one alone has more. */
const groupSize = 100;
const groupBytes = 64 * 1024 * 1024;

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
  for (const group of groupsOf(entries)) await recordGroup(group, deps, recorded);
  return recorded;
}

/** Consecutive entries that may be in memory together. */
export function groupsOf(entries: readonly LedgerEntry[]): LedgerEntry[][] {
  const groups: LedgerEntry[][] = [];
  let left = 0;
  for (const entry of entries) {
    const group = groups.at(-1);
    left -= entry.bytes;
    if (group && group.length < groupSize && left >= 0) group.push(entry);
    else {
      groups.push([entry]);
      left = groupBytes - entry.bytes;
    }
  }
  return groups;
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

  const records = read.flatMap(({ entry, events: found }) =>
    nodeRecords(entry, found).map((record) => ({ entry, record })),
  );
  const errors = new Map<LedgerEntry, unknown>();
  if (records.length > 0) {
    const answered = await persist(() => history.recordNodes(records.map(({ record }) => record)), persistence);
    records.forEach(({ entry }, i) => {
      if (answered[i] === undefined) recorded.nodes++;
      else errors.set(entry, answered[i]);
    });
  }
  const ends = read.flatMap(({ entry, events: found }) => (entry.kind === 'end' ? [{ entry, found }] : []));
  for (const [entry, error] of await archive(ends, deps)) errors.set(entry, error);

  const kept = new Set(ends.filter(({ entry }) => !errors.has(entry)).map(({ entry }) => entry.runId));
  const refs = [...kept].map((runId) => ({ runId, shard }));
  if (kept.size > 0) await persist(() => events.expire(refs, keysTtlMs), persistence);
  recorded.runs += kept.size;
  sort(entries, errors, recorded);
}

/**
 * The settled nodes among a run's events whose `node_started` is there too. Those of an ended run go without
 * their events: the archive has them, and only an unfinished run is ever rebuilt.
 */
export function nodeRecords(entry: LedgerEntry, events: readonly StreamEvent[]): NodeRecord[] {
  const started = new Map(events.map(({ id, event }) => [id, event]));
  const recordedUpTo = entry.kind === 'end' ? entry.recordedUpTo : undefined;
  const from = recordedUpTo === undefined ? 0 : events.findIndex(({ id }) => id === recordedUpTo) + 1;
  const { runId, tenantId, appId, createdAtMs } = entry;
  return events.slice(from).flatMap(({ id, event, node }) => {
    const startedEvent = node && started.get(node.startedEventId);
    if (!node || startedEvent === undefined) return [];
    const { index, startedEventId } = node;
    const meta = { ...(JSON.parse(node.meta) as StoredNodeMeta), tenantId, appId, createdAtMs, index };
    const texts =
      entry.kind === 'end' ? { startedEvent: '', finishedEvent: '' } : { startedEvent, finishedEvent: event };
    return [{ runId, meta, startedEventId, finishedEventId: id, ...texts }];
  });
}

/** Sorts entries into done and failed. */
function sort(entries: readonly LedgerEntry[], errors: ReadonlyMap<LedgerEntry, unknown>, recorded: Recorded): void {
  for (const entry of entries) {
    if (errors.has(entry)) recorded.failed.push({ entry, error: errors.get(entry) });
    else recorded.done.push(entry.id);
  }
}

/** Archives ended runs; answers the errors that kept entries out. */
async function archive(
  ends: { entry: EndEntry; found: StreamEvent[] }[],
  { history, persistence }: RecordDeps,
): Promise<Map<LedgerEntry, unknown>> {
  // A run is twice in the ledger when its end was published again after a crash. A stream that is gone had
  // been archived: until then its keys have no life limit (R2).
  const runs = [...new Map(ends.map((end) => [end.entry.runId, end])).values()].filter(({ found }) => found.length > 0);
  if (runs.length === 0) return new Map();
  const archives = runs.map(({ entry: { runId, tenantId, createdAtMs, epoch }, found }) => ({
    ...{ runId, tenantId, createdAtMs, epoch },
    events: found.map(({ id, event }) => ({ id, event })),
  }));
  const answered = await persist(() => history.saveArchives(archives), persistence);
  const failures = new Map(archives.map(({ runId }, i) => [runId, answered[i]]));
  return new Map(
    ends.flatMap(({ entry }) => {
      const error = failures.get(entry.runId);
      return error === undefined ? [] : [[entry, error] as const];
    }),
  );
}
