import type { JsonText } from './json.js';
import type { NodeAddress, RunContext, RunRef } from './run.js';
import type { TerminalStatus } from './status.js';

/**
 * Told when a transition is applied later than commands that were sent after it (the server did not know its script
 * yet), before the transition's answer comes.
 */
export type OnLate = () => void;

/**
 * Port to the state of running runs. Every transition is atomic, fenced by the attempt token and
 * idempotent; "stale" answers are outcomes, not errors. Implemented by `@millrace/state` (Redis).
 */
export interface RunState {
  /** Creates the run and emits `startedEvent`. Idempotent by run id. The root node is ready (attempt 1). */
  start(request: StartRequest, onLate?: OnLate): Promise<StartResult>;
  /** Claims a node for a job. */
  begin(request: BeginRequest): Promise<BeginResult>;
  /** Reads a ready node's variables without claiming anything; `undefined` when the run is gone, or the node is not ready and a value is missing. */
  read(request: ReadRequest): Promise<RunVariables | undefined>;
  /** Emits `node_started` of a claimed node. A stale token changes nothing. */
  announce(request: AnnounceRequest): Promise<'ok' | 'stale'>;
  /** Appends streamed text of a claimed node (dsl 5). */
  emit(request: EmitRequest): Promise<EmitResult>;
  /** Emits a `reasoning_chunk` of a claimed node, if a reached End node shows that node (dsl 5.5). */
  reason(request: ReasonRequest): Promise<EmitResult>;
  /** Applies a node's result once. */
  settle(request: SettleRequest, onLate?: OnLate): Promise<SettleResult>;
  /** Decides the end of a run from outside (stop, time limit). The first decision wins. */
  decide(request: DecideRequest): Promise<DecideResult>;
  /** Reads what is needed to write the ending of a decided run; `undefined` when gone, undecided or published. */
  decided(run: RunRef): Promise<DecidedRun | undefined>;
  /** Publishes the last events of a decided run; the first publisher wins. */
  publishEnd(run: RunRef, end: PublishedEnd): Promise<'published' | 'already' | 'gone'>;
  /** Renews the leases of claimed nodes of one shard; answers which claims still stand, in order. */
  renew(shard: number, leaseMs: number, claims: Claim[]): Promise<boolean[]>;
}

/** `late`: not `withinMs`; `full`: the recorder is so far behind that nothing more may start. */
export type StartResult = 'started' | 'exists' | 'late' | 'full';

export interface StartRequest {
  context: RunContext;
  epoch: number;
  rootNode: number;
  rootNodeId: string;
  /** Values of the start form (dsl 2.10), stored as outputs of the start node's inputs. */
  inputs: JsonText;
  startedEvent: string;
  /** A start that takes longer than this to reach Redis does nothing: its caller has been told 503. Default: no limit. */
  withinMs?: number;
  /** Absolute time limit, Unix ms. */
  deadlineMs: number;
  /** Most `node_started` a run may have. */
  maxSteps: number;
  /** Most bytes of `text_chunk` and `reasoning_chunk` events a run may have. */
  maxStreamedBytes: number;
  /** Most bytes of outputs and node events a run may have, the small ones not counted. */
  maxValueBytes: number;
  /** Doorbell channel of the accepting gateway; `end` rings for the terminal event only. */
  bell?: { channel: string; mode: 'all' | 'end' };
  /** JSON of a StreamTable, or empty when nothing streams. */
  stream: string;
  /** Beginning of a `text_chunk` event up to and including `"text":`. */
  chunkPrefix: string;
  /** Streamed values that exist from the beginning: selector number and JSON string literal of the markdown form. */
  values: [sel: number, text: string][];
  /** Of a lost run that is rebuilt. */
  recorded?: {
    /** Events of earlier epochs, in order; `startedEvent` is then not emitted. */
    events: { id: string; event: string }[];
    /** First begin of a node, Unix ms. */
    startedAtMs: number;
  };
}

/** `node_finished` of a node that the end of its run cut off, with what the recorder needs of it. */
export interface CutOff {
  event: string;
  /** JSON of StoredNodeMeta. */
  meta: string;
  index: number;
  /** Absent: it is the event before this one. */
  startedEventId?: string;
}

/** The last events of a run, in order; the terminal one last. */
export interface PublishedEnd {
  events: (string | CutOff)[];
  /** JSON of RunLedgerMeta with `epoch`. */
  ledger: string;
  /** Nodes whose leases end with the run. */
  leased: NodeAddress[];
}

export interface Claim extends RunRef {
  address: NodeAddress;
  token: string;
}

/** Which variables of a run to read. */
export interface ReadRequest extends RunRef {
  address: NodeAddress;
  /** Keys of the variables: node ids, in order. */
  reads: string[];
  /** Whether the run's context is wanted; it never changes. */
  context: boolean;
  /** Whether the start form's values are wanted. */
  inputs: boolean;
}

export interface RunVariables {
  /** Present when it was asked for. */
  context?: RunContext;
  /** `{}` unless asked for. */
  inputs: JsonText;
  /** Value per requested key: JSON object of the node's outputs, or `null` when missing. */
  reads: (JsonText | null)[];
}

export interface BeginRequest extends ReadRequest {
  attempt: number;
  /** `id#number of the delivery`: a later delivery takes a node over, an earlier one does not. */
  jobId: string;
  /** Token of an owner whose lease ran out: it has lost the node, whatever it does by now. */
  overdueToken?: string | undefined;
  /** Proposals; a re-run after a crash keeps the first execution id. */
  token: string;
  executionId: string;
  leaseMs: number;
  /** Selector numbers this node streams, whose unfinished text a takeover discards. */
  streams: number[];
}

export type BeginResult =
  /** The run has ended, is unknown, or no longer wants this node or attempt. */
  | { kind: 'gone' }
  /** Another job holds the node and its lease is alive. */
  | { kind: 'busy' }
  | BegunNode;

export interface BegunNode extends RunVariables {
  kind: 'begun';
  token: string;
  executionId: string;
  /** Running number of the node execution within the run, from 1; 0 until `node_started` is emitted. */
  index: number;
  /** Unix ms of the first begin of this execution. */
  startedAtMs: number;
  /** Whether `node_started` was already emitted by an earlier attempt or crash. */
  announced: boolean;
  /** How often a worker died while it held this node. */
  crashes: number;
  /** Whether a crashed attempt had already streamed text to clients. */
  streamed: boolean;
  /** Token of the dead owner from whom this begin took the node over; traces name its attempt by it. */
  formerToken?: string;
}

export interface AnnounceRequest extends Claim {
  started: Pick<NodeEvents, 'head' | 'started'>;
  /** A `node_retry` to emit as well, when a crashed attempt had streamed text. */
  retryEvent?: string;
  /** JSON of RunLedgerMeta: the ledger hears of what was settled before this node. */
  ledger: string;
}

export interface ReasonRequest extends Claim {
  event: string;
  /** Number of this piece among the claim's, counted together with those of `emit`. */
  piece: number;
  /** Selector numbers of the node's `text` and `reasoning_content`. */
  shownBy: readonly number[];
}

export interface EmitRequest extends Claim {
  sel: number;
  /** JSON string literal of the text. */
  text: string;
  /** Number of this piece among the claim's, from 1. */
  piece: number;
  /** Closes the stream of this selector with an empty chunk. */
  final: boolean;
}

/** The decided end, which must be finished, of a run that would have streamed more than it may. */
export type EmitResult = 'ok' | 'stale' | DecidedRun;

/**
 * Text of a node's two events. They say mostly the same, so it is stored once: an event is
 * `{"event":"<name>"`, the head with the node's index between its halves, and its own rest.
 */
export interface NodeEvents {
  head: [before: string, after: string];
  started: string;
  /** Rest of `node_finished`, or, for outcome `retry`, of `node_retry` (emitted when the next attempt begins). */
  finished: string;
}

export interface SettleRequest extends Claim {
  nodeId: string;
  attempt: number;
  /**
   * `done`: edges are resolved (also for `exception` nodes); `retry`: the node is ready again as
   * attempt + 1; `release`: it is ready again as it was, for the redelivered job; `failed`: the run fails with `error`.
   */
  outcome: 'done' | 'retry' | 'release' | 'failed';
  error?: string;
  /** Code of the API catalogue when a model provider ended the run. */
  code?: string;
  /** Stored for later nodes; `null` stores nothing. */
  outputs: JsonText | null;
  /** JSON of an EdgeTable (outcome `done`). */
  edges: string;
  /** `node_started` is emitted first when it was not announced. */
  events: NodeEvents;
  /** JSON of StoredNodeMeta, kept beside the event for the recorder. */
  ledger: string;
  /** JSON of RunLedgerMeta. */
  runLedger: string;
  /**
   * Milliseconds that a quick node took which nobody claimed: this settlement claims it too, on its first attempt only.
   */
  unclaimedMs?: number;
  tokens: number;
  /** 1 when this attempt failed, handled or not (dsl 3.6). */
  exceptions: number;
  /** Whether the node is an End node of the root frame, whose outputs are the run's. */
  isEnd: boolean;
  /** Values that End nodes stream in one piece: selector number and JSON string literal of the markdown form. */
  values: [sel: number, text: string][];
  /** Selector numbers whose text stream ends with this node. */
  closes: number[];
  /** Whether the node matters to the text stream at all: most do not, and need not look at it. */
  streamMoves: boolean;
  /** A rebuild: retries and number of the recorded node; neither events nor ledger are written. */
  recorded?: { retries: number; index: number };
}

export interface ReadyNode extends NodeAddress {
  attempt: number;
  /** Number of the node whose edge made it ready; absent for the root. */
  predecessor?: number;
}

export type SettleResult =
  /** `ready` lists nodes to queue; `decided` is present when the run's end is now decided and must be finished. */
  | { kind: 'applied'; ready: ReadyNode[]; decided?: DecidedRun }
  /** The run has ended or another attempt owns the node: nothing changed. */
  | { kind: 'stale' };

export interface DecideRequest extends RunRef {
  status: TerminalStatus;
  error: string | null;
  code?: string;
}

/** `already`: it was decided before; `decided` is present until the end is published. */
export interface DecideResult {
  kind: 'decided' | 'already' | 'gone';
  decided?: DecidedRun;
}

/** A node that was running when the end was decided. */
export interface RunningNode extends NodeAddress {
  executionId: string;
  index: number;
  startedAtMs: number;
  /** When its last attempt began. */
  attemptAtMs: number;
  /** Number of the attempt that runs, or that is waited for. */
  attempt: number;
  /** Id of its `node_started`, and the event; absent when nobody told it yet. */
  startedEventId?: string;
  startedEvent?: JsonText;
  predecessor?: number;
}

export interface DecidedRun {
  context: RunContext;
  epoch: number;
  status: TerminalStatus;
  error: string | null;
  code?: string;
  /** First begin, Unix ms; equals `finishedAtMs` when nothing began. */
  startedAtMs: number;
  finishedAtMs: number;
  tokens: number;
  steps: number;
  exceptions: number;
  /** Outputs of completed End nodes, in order of completion. */
  endOutputs: JsonText[];
  running: RunningNode[];
  /** Nodes that still have a lease: those that were running, and those that waited for a job. */
  leased: NodeAddress[];
}
