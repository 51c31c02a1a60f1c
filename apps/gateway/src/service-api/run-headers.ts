import type { RunContext } from '@millrace/contracts';
import { recordRelaySpan } from '@millrace/telemetry';
import type { Response } from 'express';
import { onceClosed } from '../http/once-closed.js';

/** The headers by which an answer names its run; set before the first byte of the body. */
export function setRunHeaders(res: Response, run: RunContext): void {
  res.setHeader('X-Trace-Id', run.traceId);
  if (run.trace.traceparent !== undefined) res.setHeader('traceparent', run.trace.traceparent);
  res.setHeader('X-Workflow-Run-Id', run.runId);
  res.setHeader('X-Task-Id', run.taskId);
}

/** Records, when the answer ends, how long its client followed the run. */
export function recordRelay(res: Response, run: RunContext, mode: 'blocking' | 'streaming' | 'events'): void {
  const startTimeMs = Date.now();
  onceClosed(res, () => recordRelaySpan(run.trace, { mode, startTimeMs, endTimeMs: Date.now() }));
}
