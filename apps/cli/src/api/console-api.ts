import { z } from 'zod';
import { ApiRefusal, otherServer, parseJson, reach, successOf, understood } from './reach.js';
import * as shapes from './shapes.js';
import type { ImportResult, Limits } from './shapes.js';

/** Filters of `recentRuns`, by the names of the API. */
export interface RunFilters {
  app_id?: string | undefined;
  status?: string | undefined;
  created_by_end_user_session_id?: string | undefined;
  created_at__after?: string | undefined;
  created_at__before?: string | undefined;
  trace_id?: string | undefined;
  last_id?: string | undefined;
  limit?: number | undefined;
}

/** The part of the console API that the launcher and the command line use. */
export type ConsoleApi = ReturnType<typeof createConsoleApi>;

/** @param url address of the gateway @param adminKey or a tenant's console key @param tenantId instead of the default tenant */
export function createConsoleApi(url: string, adminKey: string, tenantId?: string) {
  const send = (method: string, path: string, body?: object): Promise<Response> =>
    reach(new URL(`/console/api/${path}`, url), {
      method,
      headers: {
        authorization: `Bearer ${adminKey}`,
        'content-type': 'application/json',
        ...(tenantId === undefined ? {} : { 'x-tenant-id': tenantId }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const call = async (method: string, path: string, body?: object): Promise<unknown> =>
    parseJson(await (await successOf(await send(method, path, body), 'MILLRACE_ADMIN_KEY')).text());

  /** A failed import answers 400 with its own body, which says more than the status. */
  const callImport = async (path: string, body: object): Promise<ImportResult> => {
    const answer = await send('POST', path, body);
    const result = shapes.imported.safeParse(parseJson(await answer.clone().text()));
    if (result.success) return result.data;
    await successOf(answer, 'MILLRACE_ADMIN_KEY');
    throw otherServer();
  };

  return {
    /** Imports a workflow file, as a new app or over the draft of `appId`. A file of another version is accepted. */
    async importApp(yaml: string, options: { name?: string; appId?: string } = {}): Promise<ImportResult> {
      const result = await callImport('apps/imports', {
        mode: 'yaml-content',
        yaml_content: yaml,
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.appId === undefined ? {} : { app_id: options.appId }),
      });
      if (result.status !== 'pending') return result;
      const confirmed = await callImport(`apps/imports/${result.id}/confirm`, {});
      const { imported_dsl_version: version, current_dsl_version: current } = confirmed;
      const warning = `The file is of version ${version}; this server knows ${current}, so what is newer may not run.`;
      return { ...confirmed, warnings: [warning, ...confirmed.warnings] };
    },
    publish: (appId: string) => call('POST', `apps/${appId}/workflows/publish`, {}),
    enableApi: (appId: string) => call('POST', `apps/${appId}/api-enable`, { enable_api: true }),
    /** All apps of the tenant, newest first. */
    async listApps(): Promise<shapes.App[]> {
      const apps: shapes.App[] = [];
      for (let page = 1, more = true; more; page += 1) {
        const answer = await call('GET', `apps?page=${page}&limit=100`);
        const { data, has_more } = understood(z.object({ data: z.array(shapes.app), has_more: z.boolean() }), answer);
        apps.push(...data);
        more = has_more;
      }
      return apps;
    },

    createKey: async (appId: string) => understood(shapes.apiKey, await call('POST', `apps/${appId}/api-keys`, {})),
    listKeys: async (appId: string) =>
      understood(z.object({ data: z.array(shapes.apiKey) }), await call('GET', `apps/${appId}/api-keys`)).data,
    deleteKey: (appId: string, keyId: string) => call('DELETE', `apps/${appId}/api-keys/${encodeURIComponent(keyId)}`),

    recentRuns: async (filters: RunFilters) => {
      const given = Object.entries(filters).filter(([, value]) => value !== undefined);
      const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
      return understood(shapes.runPage, await call('GET', `workflow-runs?${query.toString()}`));
    },
    /** `undefined` when the tenant has no such run. */
    async run(runId: string): Promise<shapes.RunDetail | undefined> {
      try {
        return understood(shapes.runDetail, await call('GET', `workflow-runs/${encodeURIComponent(runId)}`));
      } catch (error) {
        if (error instanceof ApiRefusal && error.status === 404 && error.code === 'not_found') return undefined;
        throw error;
      }
    },
    nodeExecutions: async (appId: string, runId: string) =>
      understood(
        z.object({ data: z.array(shapes.nodeExecution) }),
        await call('GET', `apps/${appId}/workflow-runs/${runId}/node-executions`),
      ).data,
    stopTask: (appId: string, taskId: string) => call('POST', `apps/${appId}/workflow-runs/tasks/${taskId}/stop`, {}),

    createTenant: async (body: { name: string; limits?: Limits }) =>
      understood(shapes.tenant, await call('POST', 'tenants', body)),
    listTenants: async () => understood(z.object({ data: z.array(shapes.tenant) }), await call('GET', 'tenants')).data,
    setLimits: async (id: string, limits: Limits) =>
      understood(shapes.tenant, await call('PATCH', `tenants/${encodeURIComponent(id)}`, { limits })),

    listProviders: async () =>
      understood(
        z.object({ data: z.array(z.looseObject({ provider: z.string() })) }),
        await call('GET', 'workspaces/current/model-providers'),
      ).data,
    saveCredentials: (provider: string, credentials: Record<string, string>) =>
      call('POST', `workspaces/current/model-providers/${encodeURIComponent(provider)}/credentials`, { credentials }),
  };
}
