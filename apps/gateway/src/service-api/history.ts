import { ApiError, isUuid } from '@millrace/contracts';
import type { RequestHandler } from 'express';
import { requireWorkflowMode } from '../auth/app-key.js';
import { sendJsonText } from '../http/send-json.js';
import { appOf } from './app-of.js';
import { parseLogQuery } from './log-query.js';
import type { FindLogs, FindRun } from './ports.js';
import { presentDetail, presentLogs } from './present-run.js';

/** `GET /v1/workflows/run/{workflow_run_id}`. */
export const runDetail =
  (findRun: FindRun): RequestHandler =>
  async (req, res) => {
    const app = appOf(res);
    requireWorkflowMode(app, 'advanced-chat');
    const runId = String(req.params['workflow_run_id']);
    const run = isUuid(runId) ? await findRun(app.tenantId, app.appId, runId.toLowerCase()) : undefined;
    if (!run || run.status === 'refused') throw new ApiError('not_found', 'Workflow run not found.');
    sendJsonText(res, { status: 200, body: presentDetail(run) });
  };

/** `GET /v1/workflows/logs`. */
export const runLogs =
  (findLogs: FindLogs): RequestHandler =>
  async (req, res) => {
    const app = appOf(res);
    requireWorkflowMode(app, 'advanced-chat');
    const query = parseLogQuery(req.query);
    sendJsonText(res, { status: 200, body: presentLogs(query, await findLogs(app.tenantId, app.appId, query)) });
  };
