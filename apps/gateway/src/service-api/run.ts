import { endServerSpan } from '@millrace/telemetry';
import type { Request, RequestHandler, Response } from 'express';
import { sendJsonText } from '../http/send-json.js';
import { onceClosed } from '../http/once-closed.js';
import type { GatewayMetrics } from '../operations/metrics.js';
import { awaitEnd } from '../relay/await-end.js';
import type { Relay } from '../relay/relay.js';
import { streamRun } from '../relay/stream-run.js';
import { appOf } from './app-of.js';
import { presentEnd, presentUnfinished } from './present-run.js';
import { recordRelay, setRunHeaders } from './run-headers.js';
import { parseSubmission, submitRun, type SubmitDeps, type SubmittedRun } from './submit-run.js';

export interface RunDeps extends SubmitDeps {
  relay: Relay;
  metrics: GatewayMetrics;
  /** A blocking call is answered with 202 after this time. */
  blockingDeadlineMs: number;
}

/** `POST /v1/workflows/run` and `POST /v1/workflows/{workflow_id}/run`. */
export const runWorkflow =
  (deps: RunDeps): RequestHandler =>
  async (req, res) => {
    const submission = await parseSubmission(deps, req, appOf(res), versionOf(req));
    const submitted = await submitRun(deps, submission, req);
    await answerRun(deps, submission.mode, submitted, res);
  };

const versionOf = (req: Request): string | undefined => req.params['workflow_id'] as string | undefined;

/** Answers with a run that was accepted: its end, or its events. */
export async function answerRun(
  deps: RunDeps,
  mode: 'blocking' | 'streaming',
  submitted: SubmittedRun,
  res: Response,
): Promise<void> {
  const { run, trace } = submitted;
  setRunHeaders(res, run);
  recordRelay(res, run, mode);
  onceClosed(res, () => endServerSpan(trace.serverSpan, res.statusCode));
  if (mode === 'blocking') return answerBlocking(deps, submitted, res);
  streamRun(deps.relay, run, res, { accepted: true, onEnd: (event) => deps.metrics.runEnded(mode, event) });
}

async function answerBlocking({ relay, metrics, blockingDeadlineMs }: RunDeps, { run }: SubmittedRun, res: Response) {
  const events = await awaitEnd(relay, run, blockingDeadlineMs, {
    onAbort: (listener) => {
      onceClosed(res, listener);
    },
  });
  if (res.destroyed) return;
  metrics.runEnded('blocking', events?.at(-1)?.event);
  if (events) return sendJsonText(res, presentEnd(run, events));
  res.setHeader('Location', `/v1/workflows/run/${run.runId}`);
  sendJsonText(res, presentUnfinished(run));
}
