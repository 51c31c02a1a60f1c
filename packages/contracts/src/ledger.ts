import type { JsonText } from './json.js';
import type { NodeStatus } from './status.js';

/** What is known of a settled node execution beside its events. */
export interface NodeLedgerMeta {
  tenantId: string;
  appId: string;
  /** Creation time of the run, Unix ms: the partition. */
  createdAtMs: number;
  frame: number;
  node: number;
  nodeId: string;
  nodeType: string;
  title: string;
  executionId: string;
  index: number;
  attempt: number;
  status: NodeStatus;
  /** Chosen branch handle; `source` for ordinary nodes. */
  handle: string;
  tokens: number;
  startedAtMs: number;
  finishedAtMs: number;
}

/** What is written beside each `node_finished`: the rest is said once a run, or by the event's number. */
export type StoredNodeMeta = Omit<NodeLedgerMeta, keyof RunLedgerMeta | 'index'>;

/** Beside each ledger entry: where the run's rows are. */
export interface RunLedgerMeta {
  tenantId: string;
  appId: string;
  /** Creation time of the run, Unix ms. */
  createdAtMs: number;
}

interface LedgerEntryHead extends RunLedgerMeta {
  id: string;
  runId: string;
  /** What the run's large values and streamed text take, at most: how much reading its events brings. */
  bytes: number;
}

/**
 * What Postgres must learn, as read from a shard's ledger stream. An entry only points at events: the stream
 * itself holds what is to be recorded, with the meta of each node beside its `node_finished`.
 */
export type LedgerEntry =
  /** Nodes of a run that takes a while: record what lies in `ranges` now, not only when the run has ended. */
  | (LedgerEntryHead & { kind: 'nodes'; ranges: EventRange[] })
  /** The run has ended: record the nodes after `recordedUpTo` and archive the whole stream. */
  | (LedgerEntryHead & { kind: 'end'; epoch: number; recordedUpTo?: string });

/** Event ids from `from` to `to`, both included; without `from` from the beginning. */
export interface EventRange {
  from?: string;
  to: string;
}

/** A node's result, ready to be recorded. */
export interface NodeRecord {
  runId: string;
  meta: NodeLedgerMeta;
  startedEventId: string;
  finishedEventId: string;
  /** Empty once the run has ended: its archive has the events. */
  startedEvent: JsonText;
  finishedEvent: JsonText;
}
