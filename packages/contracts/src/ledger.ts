import type { JsonText } from './json.js';
import type { NodeStatus } from './status.js';

/** Meta of a settled node execution, written by the worker, completed by the transition. */
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

/** What Postgres must learn, as read from a shard's ledger stream. */
export type LedgerEntry =
  | {
      id: string;
      kind: 'node';
      runId: string;
      meta: NodeLedgerMeta;
      /** `<epoch>-<seq>` of `node_started` and `node_finished`. */
      startedEventId: string;
      finishedEventId: string;
      startedEvent: JsonText;
      finishedEvent: JsonText;
      /** Stored outputs of the node; `null` when it stored none. */
      outputs: JsonText | null;
    }
  | { id: string; kind: 'end'; runId: string; tenantId: string; createdAtMs: number; epoch: number };
