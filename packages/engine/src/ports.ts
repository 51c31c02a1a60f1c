import type { Ending, NodeLedgerMeta, RunContext } from '@millrace/contracts';

/** A run as Postgres first learns of it. */
export interface AcceptedRun {
  context: RunContext;
  versionLabel: string;
  /** JSON text of the validated form values. */
  inputs: string;
  epoch: number;
}

/** What the store says after an attempt to write an ending: the one that counts. */
export interface StoredEnding {
  ending: Ending;
  written: boolean;
}

/** Port to the runs in Postgres. */
export interface RunStore {
  insertAccepted(run: AcceptedRun): Promise<void>;
  /** A run that never started; it will never execute. */
  markRefused(run: RunContext): Promise<void>;
  /** Never overwrites a terminal status. */
  saveEnding(run: RunContext, ending: Ending): Promise<StoredEnding>;
}

/** An unfinished run, as the reconciler reads it. */
export interface UnfinishedRun {
  context: RunContext;
  inputs: string;
  epoch: number;
}

/** A node execution that Postgres knows. */
export interface RecordedNode {
  meta: NodeLedgerMeta;
  startedEventId: string;
  finishedEventId: string;
  startedEvent: string;
  finishedEvent: string;
  outputs: string | null;
}

/** Port to what recovery needs from Postgres. */
export interface RecoveryStore {
  /** Unfinished runs of a shard in id order, accepted at least `olderThanMs` ago, after the run `after`. */
  unfinished(query: { shard: number; olderThanMs: number; limit: number; after?: string }): Promise<UnfinishedRun[]>;
  /** Raises the epoch and answers the new one. */
  raiseEpoch(run: RunContext): Promise<number>;
  recordedNodes(run: RunContext): Promise<RecordedNode[]>;
}
