import { ApiError, isUuid, terminalStatuses, type ValueObject } from '@millrace/contracts';
import type { Stop } from '@millrace/engine';
import { parseJson, stringifyJson } from '@millrace/graph';
import type { ListedRun, RecentQuery, StoredRun } from '@millrace/store';
import { otelTraceIdOf } from '@millrace/telemetry';
import type { Request, RequestHandler, Response } from 'express';
import { sendJsonText } from '../http/send-json.js';
import { createdBetween } from '../service-api/log-query.js';
import { appOfPath, callerOf } from './caller.js';
import { parsePage } from './fields.js';
import { nodeExecutionsOf, type RunEvent } from './node-executions.js';
import { presentRunDetail, presentRunRow } from './present-run.js';
import type { ConsoleApiDeps, ConsoleStore } from './router.js';

export interface RunsDeps {
  stop: Stop;
  /** The public events of a run as far as they are kept, from Redis or the archive. */
  readEvents: (run: StoredRun['context']) => Promise<RunEvent[]>;
}

/** `GET apps/{app_id}/workflow-runs`: newest first, paged by `last_id`. */
export const listAppRuns =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    await sendRuns(store, req, res, [app]);
  };

/** `GET workflow-runs`: of all apps of the tenant, of one (`app_id`), or of a trace (`trace_id`). */
export const listRuns =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const apps = await store.apps.list(callerOf(res).tenantId);
    const appId = oneText(req, 'app_id');
    await sendRuns(store, req, res, appId === undefined ? apps : apps.filter(({ id }) => id === appId.toLowerCase()));
  };

async function sendRuns(store: ConsoleStore, req: Request, res: Response, apps: { id: string; name: string }[]) {
  const { tenantId } = callerOf(res);
  const { limit } = parsePage(req.query, 20);
  const traceId = oneText(req, 'trace_id');
  const found =
    traceId === undefined
      ? await store.runs.recent(tenantId, { ...parseFilters(req), appIds: apps.map(({ id }) => id), limit: limit + 1 })
      : await ofTrace(store, tenantId, traceId, limit + 1);
  const names = new Map(apps.map(({ id, name }) => [id, name]));
  const rows = found.filter(({ context }) => traceId === undefined || names.has(context.appId));
  const data = rows.slice(0, limit).map((run) => presentRunRow(run, names.get(run.context.appId) ?? null));
  res.json({ limit, has_more: rows.length > limit, data });
}

const ofTrace = (store: ConsoleStore, tenantId: string, traceId: string, limit: number): Promise<ListedRun[]> => {
  const otelTraceId = otelTraceIdOf(traceId);
  return store.runs.ofTrace(tenantId, { traceId, ...(otelTraceId === undefined ? {} : { otelTraceId }) }, limit);
};

const statuses = ['running', ...terminalStatuses];

/** @throws ApiError `invalid_param` */
function parseFilters(req: Request): Omit<RecentQuery, 'appIds' | 'limit'> {
  const status = oneText(req, 'status');
  if (status !== undefined && !statuses.includes(status)) {
    throw new ApiError('invalid_param', `status must be one of ${statuses.join(', ')}.`);
  }
  const lastId = oneText(req, 'last_id');
  if (lastId !== undefined && !isUuid(lastId)) throw new ApiError('invalid_param', 'last_id must be the id of a run.');
  const sessionId = oneText(req, 'created_by_end_user_session_id');
  return {
    ...createdBetween(req.query),
    ...(status === undefined ? {} : { status: status === 'running' ? 'accepted' : status }),
    ...(lastId === undefined ? {} : { beforeRunId: lastId.toLowerCase() }),
    ...(sessionId === undefined ? {} : { sessionId }),
  };
}

/** A query parameter; empty is absent. */
function oneText(req: Request, name: string): string | undefined {
  const value = req.query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new ApiError('invalid_param', `${name} must be given once.`);
}

/** `GET apps/{app_id}/workflow-runs/{run_id}`, with the graph that ran. */
export const getAppRun =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const run = await runOfPath(store, req, res);
    const version = await store.versions.get(callerOf(res).tenantId, run.context.versionId);
    const workflow = version ? (parseJson(version.workflow) as ValueObject) : {};
    sendJsonText(res, {
      status: 200,
      body: stringifyJson({ ...presentRunDetail(run), graph: workflow['graph'] ?? {} }),
    });
  };

/** `GET workflow-runs/{run_id}`: a run by its id alone, without the graph. */
export const getRun =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) =>
    sendJsonText(res, { status: 200, body: stringifyJson(presentRunDetail(await runOfPath(store, req, res))) });

/** `GET apps/{app_id}/workflow-runs/{run_id}/node-executions`, also while the run is under way. */
export const listNodeExecutions =
  ({ store, readEvents }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const { context } = await runOfPath(store, req, res);
    const [events, records] = await Promise.all([
      readEvents(context),
      store.nodeExecutions.listForRun(context.tenantId, context.runId),
    ]);
    sendJsonText(res, { status: 200, body: stringifyJson({ data: nodeExecutionsOf(events, records) }) });
  };

/** `POST apps/{app_id}/workflow-runs/tasks/{task_id}/stop`: whoever started it; unknown and finished tasks count as stopped. */
export const stopRun =
  ({ store, stop }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const taskId = String(req.params['task_id']).toLowerCase();
    const { tenantId } = callerOf(res);
    const run = isUuid(taskId) ? await store.runs.getForTask(tenantId, app.id, taskId) : undefined;
    if (run) await stop({ tenantId, appId: app.id, taskId, user: run.context.user });
    res.json({ result: 'success' });
  };

/**
 * The run of the path, if it is the caller's and of the app that the path names.
 * @throws ApiError `not_found`
 */
async function runOfPath(store: ConsoleStore, req: Request, res: Response): Promise<StoredRun> {
  const app = req.params['app_id'] === undefined ? undefined : await appOfPath(store, req, res);
  const runId = String(req.params['run_id']);
  const run = isUuid(runId) ? await store.runs.find(callerOf(res).tenantId, runId.toLowerCase()) : undefined;
  if (!run || (app && run.context.appId !== app.id)) throw new ApiError('not_found', 'Workflow run not found');
  return run;
}
