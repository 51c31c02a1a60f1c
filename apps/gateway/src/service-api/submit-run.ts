import { ApiError, isUuid, type RunContext } from '@millrace/contracts';
import { PlanError, type Accept, type Plans } from '@millrace/engine';
import { liesOnEveryPath, type Plan } from '@millrace/graph';
import { endServerSpan, mintRunTrace, withActiveSpan, type RunTrace } from '@millrace/telemetry';
import type { Request } from 'express';
import { requireWorkflowMode } from '../auth/app-key.js';
import type { AppAccess } from '../auth/ports.js';
import type { FilesBase } from '../files/files-base.js';
import { checkRunValues, type RunFilesDeps } from '../files/run-files.js';
import { readJsonObject } from '../http/body.js';
import { routeOf } from '../http/route-of.js';
import type { FindVersion, ResolveEndUser } from './ports.js';
import { parseRunRequest, type RunRequest } from './run-request.js';
import { checkTraceSessionId, traceIdHint } from './trace-request.js';
import { parseUser } from './user.js';

export interface SubmitDeps {
  accept: Accept;
  plans: Plans;
  findVersion: FindVersion;
  resolveEndUser: ResolveEndUser;
  /** Whether the tenant has saved credentials for a model provider. */
  hasCredentials: (tenantId: string, provider: string) => Promise<boolean>;
  /** Doorbell channel of this gateway on a shard. */
  bellChannel: (shard: number) => string;
  bodyLimitBytes: number;
  runFiles: RunFilesDeps;
  filesBase: FilesBase;
}

/** A run request that may be accepted: everything the caller can get wrong has been checked. */
export interface Submission extends RunRequest {
  app: Pick<AppAccess, 'tenantId' | 'appId'>;
  version: { id: string; label: string; plan: Plan };
  user: string;
  /** Where download links of the run lead. */
  filesUrl: string;
  traceIdHint: unknown;
  /** Default `app-run`. */
  triggeredFrom?: string;
}

export interface SubmittedRun {
  run: RunContext;
  trace: RunTrace;
}

/**
 * Checks a run request in the order of the contract: `user` before mode and body, inputs last.
 * @param versionId the version asked for; absent = the published one
 * @throws ApiError
 */
export async function parseSubmission(
  deps: SubmitDeps,
  req: Request,
  app: AppAccess,
  versionId?: string,
): Promise<Submission> {
  const body = await readJsonObject(req, deps.bodyLimitBytes);
  const user = parseUser(body['user']);
  requireWorkflowMode(app);
  const request = parseRunRequest(body);
  const sources = { headers: req.headers, query: req.query, body };
  checkTraceSessionId(sources);
  const version = versionId === undefined ? publishedVersion(app) : await versionById(deps, app, versionId);
  const plan = await planOf(deps, app, version.id);
  if (plan.root.type.startsWith('trigger-')) throw new ApiError('trigger_workflow_service_mode_unavailable');
  const filesUrl = deps.filesBase(req);
  const values = await checkRunValues(deps.runFiles, app, user, plan, request, filesUrl);
  await requireCredentials(deps, app, plan);
  const { id, label } = version;
  return {
    ...request,
    ...values,
    filesUrl,
    app,
    version: { id, label, plan },
    user,
    traceIdHint: traceIdHint(sources),
  };
}

function publishedVersion({ published }: AppAccess): { id: string; label: string } {
  if (!published) throw new ApiError('app_unavailable');
  return published;
}

async function versionById(
  { findVersion }: SubmitDeps,
  app: AppAccess,
  id: string,
): Promise<{ id: string; label: string }> {
  if (!isUuid(id)) throw new ApiError('bad_request', `Invalid workflow_id format: '${id}'. `);
  const version = await findVersion(app.tenantId, app.appId, id.toLowerCase());
  if (!version) throw new ApiError('not_found', `Workflow not found with id: ${id}`);
  if (!version.draft) return version;
  throw new ApiError(
    'bad_request',
    `Cannot use draft workflow version. Workflow ID: ${id}. Please use a published workflow version or leave workflow_id empty.`,
  );
}

/** @throws ApiError `workflow_request_error` when the version cannot be run */
export async function planOf(
  { plans }: Pick<SubmitDeps, 'plans'>,
  { tenantId }: Pick<AppAccess, 'tenantId'>,
  versionId: string,
): Promise<Plan> {
  try {
    return await plans.plan(tenantId, versionId);
  } catch (error) {
    if (error instanceof PlanError) throw new ApiError('workflow_request_error', error.message, { cause: error });
    throw error;
  }
}

/** A run that is bound to end for want of credentials is refused; a node that may not be reached is not asked for. */
async function requireCredentials({ hasCredentials }: SubmitDeps, { tenantId }: AppAccess, plan: Plan): Promise<void> {
  for (const node of plan.nodes) {
    if (node.type !== 'llm' || node.errorStrategy !== 'none') continue;
    const { model } = node.data;
    const provider = typeof model === 'object' && model !== null && 'provider' in model ? model.provider : undefined;
    if (typeof provider !== 'string' || !liesOnEveryPath(plan, node)) continue;
    if (!(await hasCredentials(tenantId, provider))) throw new ApiError('provider_not_initialize');
  }
}

/**
 * Mints the run's trace and accepts it.
 * @throws ApiError `service_unavailable`
 */
export async function submitRun(deps: SubmitDeps, submission: Submission, req: Request): Promise<SubmittedRun> {
  const { app, version, inputs, files, filesUrl, user, mode, triggeredFrom } = submission;
  const { tenantId, appId } = app;
  const endUserId = await deps.resolveEndUser(tenantId, appId, user);
  const { tracestate } = req.headers;
  const route = routeOf(req) ?? '';
  const trace = mintRunTrace({
    name: `POST ${route}`,
    traceIdHint: submission.traceIdHint,
    traceparent: req.headers['traceparent'] as string | undefined,
    tracestate: Array.isArray(tracestate) ? tracestate.join(',') : tracestate,
    attributes: { 'http.request.method': 'POST', 'http.route': route },
  });
  try {
    const run = await withActiveSpan(trace.serverSpan, () =>
      deps.accept({
        ...{ tenantId, appId, version, inputs, files, filesUrl, user, endUserId, trace },
        ...(triggeredFrom === undefined ? {} : { triggeredFrom }),
        bell: { channel: deps.bellChannel, mode: mode === 'blocking' ? 'end' : 'all' },
      }),
    );
    return { run, trace };
  } catch (error) {
    endServerSpan(trace.serverSpan, error instanceof ApiError ? error.status : 500);
    throw error;
  }
}
