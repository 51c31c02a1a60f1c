import { ApiError, isUuid } from '@millrace/contracts';
import { workflowFinished } from '@millrace/engine';
import type { Request, RequestHandler, Response } from 'express';
import { requireWorkflowMode } from '../auth/app-key.js';
import type { AppAccess } from '../auth/ports.js';
import { isAfter, parseEventId } from '../relay/event-id.js';
import { isTerminal } from '../relay/event-kind.js';
import type { FollowedRun, RunHistory, StoredEvent } from '../relay/ports.js';
import type { Relay } from '../relay/relay.js';
import { openSseSession } from '../relay/sse-session.js';
import { streamRun, type StreamRunOptions } from '../relay/stream-run.js';
import { appOf } from './app-of.js';
import { endedRun, type EndedRun, type FindRun, type StoredRun } from './ports.js';
import { recordRelay, setRunHeaders } from './run-headers.js';
import { parseQueryUser } from './user.js';

export interface EventsDeps {
  findRun: FindRun;
  relay: Relay;
  history: RunHistory;
}

/** How a client wants to follow a run. */
interface EventsRequest {
  runId: string;
  user: string;
  continueOnPause: boolean;
  /** Where `Last-Event-ID` says to begin: after an event, or, when it makes no sense, at the beginning. */
  resume: { after: string } | 'start' | undefined;
  /** `include_state_snapshot`: without an id, a run under way is told from its beginning. */
  snapshot: boolean;
}

/** `GET /v1/workflow/{workflow_run_id}/events`. */
export const runEvents =
  (deps: EventsDeps): RequestHandler =>
  async (req, res) => {
    const app = appOf(res);
    const request = parseEventsRequest(req, app);
    const run = await findOwnRun(deps, app, request);
    const ended = endedRun(run);
    setRunHeaders(res, run.context);
    // Only what a stream would say of itself; the run is not followed.
    if (req.method === 'HEAD') return void res.type('text/event-stream').end();
    recordRelay(res, run.context, 'events');
    await (ended ? replayEnded(deps, request, ended, res) : followRunning(deps, request, run, res));
  };

function parseEventsRequest(req: Request, app: AppAccess): EventsRequest {
  const { query } = req;
  const user = parseQueryUser(query['user']);
  requireWorkflowMode(app, 'advanced-chat');
  const lastEventId = req.get('last-event-id');
  const after = parseEventId(lastEventId);
  return {
    runId: String(req.params['workflow_run_id']),
    user,
    continueOnPause: isTrue(query['continue_on_pause']),
    resume: after !== undefined ? { after } : lastEventId ? 'start' : undefined,
    snapshot: isTrue(query['include_state_snapshot']),
  };
}

const isTrue = (value: unknown): boolean => typeof value === 'string' && /^(true|1|yes|on)$/i.test(value);

async function findOwnRun({ findRun }: EventsDeps, app: AppAccess, { runId, user }: EventsRequest): Promise<StoredRun> {
  const run = isUuid(runId) ? await findRun(app.tenantId, app.appId, runId.toLowerCase()) : undefined;
  if (!run || run.status === 'refused' || run.context.user !== user)
    throw new ApiError('not_found', 'Workflow run not found');
  return run;
}

async function followRunning(deps: EventsDeps, request: EventsRequest, run: StoredRun, res: Response): Promise<void> {
  const { context } = run;
  const from = request.resume ?? (request.snapshot ? 'start' : undefined);
  if (from !== undefined) return follow(deps, request, context, res, from);
  const last = await deps.relay.last(context);
  if (!last || !isTerminal(last.event)) return follow(deps, request, context, res, last ? { after: last.id } : 'start');
  // Published since the row was read; by then the row said so as well.
  const now = await deps.findRun(context.tenantId, context.appId, context.runId);
  const ended = now && endedRun(now);
  sendOne(res, ended ? endFrame(ended, last.id) : last);
}

/** The contract's single frame of an ended run: made from the row, with the run id as its task. */
const endFrame = ({ context, ending }: EndedRun, id: string): StoredEvent => ({
  id,
  event: workflowFinished({ ...context, taskId: context.runId }, ending),
});

/**
 * An ended run: one frame, or, with `Last-Event-ID`, what is left of its events and 204 when nothing
 * is. A terminal event that is only just being published is waited for.
 */
async function replayEnded(deps: EventsDeps, request: EventsRequest, run: EndedRun, res: Response): Promise<void> {
  const { resume: from } = request;
  const live = await deps.relay.last(run.context);
  const last = live ?? (await deps.history.ended(run.context))?.at(-1);
  // An id only when it is the end's own: the terminal event may be on its way.
  if (from === undefined) return sendOne(res, endFrame(run, last && isTerminal(last.event) ? last.id : ''));
  const after = from === 'start' ? undefined : from.after;
  if (last && isTerminal(last.event) && !isAfter(last.id, after)) return void res.status(204).end();
  follow(deps, request, run.context, res, from, !live);
}

function sendOne(res: Response, event: StoredEvent): void {
  const session = openSseSession(res, { pings: false, onDrain: () => undefined, onClose: () => undefined });
  session.send([event]);
  session.end();
}

function follow(
  { relay }: EventsDeps,
  { continueOnPause }: EventsRequest,
  run: FollowedRun,
  res: Response,
  from: { after: string } | 'start',
  gone = false,
): void {
  const options: StreamRunOptions = { continueOnPause, gone, ...(from === 'start' ? {} : from) };
  streamRun(relay, run, res, options);
}
