import type { JsonText } from './json.js';
import type { TerminalStatus } from './status.js';

/** Where a run lives. `shard` is the number K of its Redis hash tag `{sK}`. */
export interface RunRef {
  runId: string;
  shard: number;
}

/** W3C trace context carried in job data; `{}` when tracing is off. */
export interface TraceCarrier {
  traceparent?: string;
  tracestate?: string;
}

/** What never changes during a run. Stored with the run state and in Postgres. */
export interface RunContext extends RunRef {
  tenantId: string;
  appId: string;
  /** Id of the immutable workflow version that runs (`workflow_id` of the API). */
  versionId: string;
  taskId: string;
  endUserId: string;
  /** The caller's `user` text. */
  user: string;
  /** Public trace id: the caller's `trace_id` as given, else the OpenTelemetry trace id. */
  traceId: string;
  /** Trace context whose span is the run span. */
  trace: TraceCarrier;
  /** Id of the HTTP span the run span hangs under; absent when tracing is off. */
  parentSpanId?: string;
  /** `sys.files` of the run, JSON; absent when it has none. */
  files?: JsonText;
  /** Where download links of the run lead, without a slash at the end; absent: links are paths. */
  filesUrl?: string;
  /** Unix ms at which the run was accepted. */
  createdAtMs: number;
}

/** A node in a frame. Frame 0 is the root graph; `node` is the index in the compiled plan. */
export interface NodeAddress {
  frame: number;
  node: number;
}

/** How a run ended: decided once in Redis, then written to Postgres, then published. */
export interface Ending {
  status: TerminalStatus;
  error: string | null;
  /** Merged outputs of the End nodes (dsl 3.5). */
  outputs: JsonText;
  elapsedSeconds: number;
  totalTokens: number;
  totalSteps: number;
  exceptionsCount: number;
  finishedAtMs: number;
  /** Provider failures carry an API code; they become an `error` event before the terminal one. */
  code?: string;
}
