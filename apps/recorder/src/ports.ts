import type { LedgerEntry, NodeRecord, RunRef } from '@millrace/contracts';

export type EndEntry = Extract<LedgerEntry, { kind: 'end' }>;

/** A run's public events, with their SSE ids, as they are kept. */
export interface ArchivedRun {
  runId: string;
  tenantId: string;
  /** Creation time of the run, Unix ms: the partition. */
  createdAtMs: number;
  epoch: number;
  events: { id: string; event: string }[];
}

/**
 * Where the recorder writes. Both writes are upserts, so repeating them changes nothing. They answer per
 * item, in order, the error that kept it out, and throw only when the store cannot be reached.
 */
export interface History {
  recordNodes(records: NodeRecord[]): Promise<unknown[]>;
  saveArchives(runs: ArchivedRun[]): Promise<unknown[]>;
}

/** A shard's ledger, as `@millrace/state` offers it. */
export interface LedgerReader {
  read(options: { count: number; blockMs: number }): Promise<LedgerEntry[]>;
  reclaim(options: { minIdleMs: number; count: number }): Promise<{ entry: LedgerEntry; deliveries: number }[]>;
  ack(ids: string[]): Promise<void>;
  park(entries: LedgerEntry[]): Promise<void>;
}

/** An event; a settled node's `node_finished` has its meta (JSON of StoredNodeMeta) beside it. */
export interface StreamEvent {
  id: string;
  event: string;
  node?: { meta: string; index: number; startedEventId: string };
}

/** Runs' event streams, as `@millrace/state` offers them. */
export interface EventStreams {
  ranges(requests: { run: RunRef; from?: string; to?: string }[]): Promise<StreamEvent[][]>;
  expire(runs: RunRef[], ttlMs: number): Promise<void>;
}
