import type { Outbound } from '@millrace/contracts';
import type { Store } from '@millrace/store';
import { Router, type RequestHandler } from 'express';
import type { ConsoleAuthDeps } from '../auth/console.js';
import { methodNotAllowed } from '../http/errors.js';
import type { RunDeps } from '../service-api/run.js';
import { createApp, createKey, deleteKey, enableApi, getApp, listApps, listKeys } from './apps.js';
import { appOfPath, requireAdmin, requireConsoleKey } from './caller.js';
import { listProviders, saveCredentials } from './credentials.js';
import { runDraft } from './draft-run.js';
import { exportApp } from './export.js';
import { confirmImport, importApp } from './imports.js';
import { getAppRun, getRun, listAppRuns, listNodeExecutions, listRuns, stopRun, type RunsDeps } from './runs.js';
import { createTenant, listTenants, updateTenant } from './tenants.js';
import { deleteVersion, markVersion, restoreVersion } from './versions.js';
import { getDraft, getPublished, listVersions, publish, saveDraft } from './workflows.js';

/** The repositories the console API works on. */
export type ConsoleStore = Pick<
  Store,
  'apps' | 'versions' | 'appKeys' | 'pendingImports' | 'tenants' | 'credentials' | 'runs' | 'nodeExecutions'
>;

export interface ConsoleApiDeps extends ConsoleAuthDeps, RunsDeps {
  store: ConsoleStore;
  bodyLimitBytes: number;
  /** Fetches workflow files by address. */
  outbound: Outbound;
  /** Node types that have an executor. */
  supportedTypes: ReadonlySet<string>;
  /** What test runs need. */
  runs: RunDeps;
  /** Drops what this gateway remembers of a tenant's keys and apps. */
  forget: (tenantId: string) => void;
}

type Method = 'get' | 'post' | 'patch' | 'delete';

/** The console API (service-api 8), with its full paths. */
export function consoleApiRouter(deps: ConsoleApiDeps): Router {
  const router = Router();
  const withKey = requireConsoleKey(deps);

  route('/apps/imports', { post: importApp(deps) });
  route('/apps/imports/:import_id/confirm', { post: confirmImport(deps) });
  route('/apps/imports/:app_id/check-dependencies', { get: missingDependencies(deps) });
  route('/apps', { get: listApps(deps), post: createApp(deps) });
  route('/apps/:app_id', { get: getApp(deps) });
  route('/apps/:app_id/export', { get: exportApp(deps) });
  route('/apps/:app_id/workflows', { get: listVersions(deps) });
  route('/apps/:app_id/workflows/draft', { get: getDraft(deps), post: saveDraft(deps) });
  route('/apps/:app_id/workflows/publish', { get: getPublished(deps), post: publish(deps) });
  route('/apps/:app_id/workflows/draft/run', { post: runDraft(deps) });
  route('/apps/:app_id/workflows/:workflow_id', { patch: markVersion(deps), delete: deleteVersion(deps) });
  route('/apps/:app_id/workflows/:workflow_id/restore', { post: restoreVersion(deps) });
  route('/apps/:app_id/api-enable', { post: enableApi(deps) });
  route('/apps/:app_id/api-keys', { get: listKeys(deps), post: createKey(deps) });
  route('/apps/:app_id/api-keys/:key_id', { delete: deleteKey(deps) });
  route('/apps/:app_id/workflow-runs', { get: listAppRuns(deps) });
  route('/apps/:app_id/workflow-runs/:run_id', { get: getAppRun(deps) });
  route('/apps/:app_id/workflow-runs/:run_id/node-executions', { get: listNodeExecutions(deps) });
  route('/apps/:app_id/workflow-runs/tasks/:task_id/stop', { post: stopRun(deps) });
  route('/workflow-runs', { get: listRuns(deps) });
  route('/workflow-runs/:run_id', { get: getRun(deps) });
  route('/workspaces/current/model-providers', { get: listProviders(deps) });
  route('/workspaces/current/model-providers/*provider/credentials', { post: saveCredentials(deps) });
  route('/tenants', { get: listTenants(deps), post: createTenant(deps) }, requireAdmin);
  route('/tenants/:tenant_id', { patch: updateTenant(deps) }, requireAdmin);
  return router;

  function route(path: string, handlers: Partial<Record<Method, RequestHandler>>, ...guards: RequestHandler[]): void {
    const methods = Object.entries(handlers) as [Method, RequestHandler][];
    const full = `/console/api${path}`;
    for (const [method, handler] of methods) router[method](full, withKey, ...guards, handler);
    router.all(full, methodNotAllowed(...methods.map(([method]) => method.toUpperCase())));
  }
}

/** Providers are built in: no plugin can be missing. */
const missingDependencies =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    await appOfPath(store, req, res);
    res.json({ leaked_dependencies: [] });
  };
