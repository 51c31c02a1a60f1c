import { ApiError, isUuid } from '@millrace/contracts';
import type { Request, RequestHandler, Response } from 'express';
import { authenticateConsole, type ConsoleAuthDeps, type ConsoleCaller } from '../auth/console.js';
import type { AppRecord } from '@millrace/store';
import type { ConsoleStore } from './router.js';

/** Checks the key of a console request. */
export const requireConsoleKey =
  (deps: ConsoleAuthDeps): RequestHandler =>
  async (req, res, next) => {
    res.locals['caller'] = await authenticateConsole(req.headers, deps);
    next();
  };

/** Lets only the admin key pass. */
export const requireAdmin: RequestHandler = (_req, res, next) => {
  next(callerOf(res).role === 'admin' ? undefined : new ApiError('forbidden', 'Only the admin key may do this.'));
};

export const callerOf = (res: Response): ConsoleCaller => res.locals['caller'] as ConsoleCaller;

/**
 * The app of the path, if it is the caller's.
 * @throws ApiError `not_found`
 */
export async function appOfPath(store: ConsoleStore, req: Request, res: Response): Promise<AppRecord> {
  const appId = String(req.params['app_id']);
  const app = isUuid(appId) ? await store.apps.get(callerOf(res).tenantId, appId.toLowerCase()) : undefined;
  if (!app) throw new ApiError('not_found', 'App not found.');
  return app;
}
