import type {
  Ending,
  JsonText,
  NodeAddress,
  NodeRecord,
  NodeStatus,
  RunContext,
  RunRef,
  TerminalStatus,
} from '@millrace/contracts';

/** A run as Postgres first learns of it. */
export interface AcceptedRun {
  context: RunContext;
  versionLabel: string;
  /** Validated form values. */
  inputs: JsonText;
  /** Default `app-run`. */
  triggeredFrom?: string;
}

/** What became of an ending. */
export type EndingOutcome =
  | { kind: 'written' }
  /** Another ending was there first: it is the one everybody must tell. */
  | { kind: 'already'; ending: Ending }
  /** No such run, or it was refused, or it lives on under a later epoch. */
  | { kind: 'unknown' };

/** Port to the runs in Postgres. */
export interface RunStore {
  insertAccepted(run: AcceptedRun): Promise<void>;
  /** A run that never started: it will never execute, also should it only be inserted later. */
  markRefused(run: AcceptedRun): Promise<unknown>;
  get(tenantId: string, appId: string, runId: string): Promise<{ status: string; epoch: number } | undefined>;
  /** Never overwrites a terminal status; `epoch` fences those who follow an older one. */
  saveEnding(tenantId: string, runId: string, ending: Ending, options?: { epoch?: number }): Promise<EndingOutcome>;
}

/** An unfinished run, as the reconciler reads it. */
export interface UnfinishedRun {
  context: RunContext;
  inputs: JsonText;
}

/** Port to what recovery needs from Postgres. */
export interface RecoveryStore {
  /** Unfinished runs of a shard, oldest first, created before a time, after the run `after`. */
  unfinished(query: {
    shard: number;
    createdBeforeMs: number;
    limit: number;
    after?: string;
  }): Promise<UnfinishedRun[]>;
  /** Those of the runs that have ended, by run id: their epoch, and whether their events are archived. */
  ended(runs: { tenantId: string; runId: string }[]): Promise<Map<string, { epoch: number; archived: boolean }>>;
  /** Raises the epoch of runs that have not ended; answers the new ones by run id. */
  raiseEpoch(runs: { tenantId: string; runId: string }[]): Promise<Map<string, number>>;
  recordedNodes(tenantId: string, runId: string): Promise<NodeRecord[]>;
}

/** Hears what happens, for metrics. */
export interface EngineObserver {
  /** @param waitSeconds time from ready to begun */
  nodeSettled(type: string, status: NodeStatus, seconds: number, waitSeconds: number, run: RunContext): void;
  runEnded(run: RunContext, ending: Ending): void;
}

/** What the reconciler repairs. */
export const reconcilerActions = [
  'run_expired',
  'ending_published',
  'node_requeued',
  'run_restored',
  'epoch_raised',
] as const;
export type ReconcilerAction = (typeof reconcilerActions)[number];

/** Port to what the reconciler reads from Redis (implemented by `@millrace/state`). */
export interface RecoveryView {
  lead(shard: number, owner: string, leaseMs: number): Promise<boolean>;
  overdueNodes(shard: number, limit: number, postponeMs: number): Promise<{ nodes: OverdueNode[]; more: boolean }>;
  overdueRuns(shard: number, limit: number): Promise<RunRef[]>;
  unpublished(shard: number, olderThanMs: number, limit: number): Promise<RunRef[]>;
  /** A run that needs neither an end nor its publishing any more. */
  forget(run: RunRef): Promise<void>;
  present(runs: RunRef[]): Promise<boolean[]>;
  generation(shard: number): Promise<'same' | 'restarted' | 'lost'>;
  markGeneration(shard: number): Promise<void>;
  raiseEpoch(run: RunRef, epoch: number): Promise<void>;
  /** Ids of all runs whose end is not published. */
  underWay(shard: number): Promise<string[]>;
  contexts(runs: RunRef[]): Promise<RunContext[]>;
  /** Decides a run's end before the generation is marked. */
  close(run: RunRef, status: TerminalStatus, error: string): Promise<void>;
  /** Removes all that Redis holds of a run. */
  drop(run: RunRef): Promise<void>;
}

export interface OverdueNode {
  address: NodeAddress;
  attempt: number;
  predecessor?: number;
  /** Of whoever has it; empty when nobody has begun it. */
  token: string;
  /** Format of the run. */
  format: number;
  context: RunContext;
}
