import { ApiError } from '@millrace/contracts';
import type { RequestHandler } from 'express';
import { checkRunValues } from '../files/run-files.js';
import { readJsonObject } from '../http/body.js';
import { answerRun } from '../service-api/run.js';
import { parseRunRequest } from '../service-api/run-request.js';
import { planOf, submitRun } from '../service-api/submit-run.js';
import { traceIdHint } from '../service-api/trace-request.js';
import { appOfPath, callerOf } from './caller.js';
import type { ConsoleApiDeps } from './router.js';

/** Who test runs belong to, in the tenant's app. */
const consoleUser = 'console';

/**
 * `POST apps/{app_id}/workflows/draft/run`: runs the draft as it is now, always as a stream. What runs is a snapshot, so
 * that saving the draft changes no run. The log does not show such runs.
 */
export const runDraft =
  ({ store, runs }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const { id: appId } = await appOfPath(store, req, res);
    const { tenantId } = callerOf(res);
    const app = { tenantId, appId };
    const body = await readJsonObject(req, runs.bodyLimitBytes);
    const request = parseRunRequest({ ...body, response_mode: 'streaming' });
    const version = await store.versions.snapshot(tenantId, appId, { nowMs: Date.now() });
    if (!version) throw new ApiError('draft_workflow_not_exist');
    const plan = await planOf(runs, app, version.id);
    const filesUrl = runs.filesBase(req);
    const values = await checkRunValues(runs.runFiles, app, consoleUser, plan, request, filesUrl);
    const submission = {
      ...{ ...request, ...values, app, filesUrl, user: consoleUser, triggeredFrom: 'debugging' },
      version: { id: version.id, label: 'draft', plan },
      traceIdHint: traceIdHint({ headers: req.headers, query: req.query, body }),
    };
    await answerRun(runs, 'streaming', await submitRun(runs, submission, req), res);
  };
