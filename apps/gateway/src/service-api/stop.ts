import { ApiError, isUuid } from '@millrace/contracts';
import type { Stop } from '@millrace/engine';
import type { RequestHandler } from 'express';
import { requireWorkflowMode } from '../auth/app-key.js';
import { readJsonObject } from '../http/body.js';
import { appOf } from './app-of.js';
import { parseUser } from './user.js';

export interface StopDeps {
  stop: Stop;
  bodyLimitBytes: number;
}

/** `POST /v1/workflows/tasks/{task_id}/stop`: an unknown or finished task counts as stopped. */
export const stopTask =
  ({ stop, bodyLimitBytes }: StopDeps): RequestHandler =>
  async (req, res) => {
    const app = appOf(res);
    const user = parseUser((await readJsonObject(req, bodyLimitBytes))['user']);
    requireWorkflowMode(app);
    const taskId = String(req.params['task_id']);
    const { tenantId, appId } = app;
    const outcome = isUuid(taskId) ? await stop({ tenantId, appId, taskId: taskId.toLowerCase(), user }) : 'ended';
    // Another user's task is none of the caller's business: nothing stops.
    if (outcome === 'forbidden') throw new ApiError('not_found', 'Task not found.');
    res.json({ result: 'success' });
  };
