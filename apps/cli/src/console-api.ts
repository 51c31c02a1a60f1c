import { z } from 'zod';
import { reach } from './reach.js';

const imported = z.looseObject({
  id: z.string(),
  status: z.enum(['completed', 'completed-with-warnings', 'pending', 'failed']),
  app_id: z.string().nullish(),
  error: z.string().default(''),
  warnings: z.array(z.string()).default([]),
  imported_dsl_version: z.string().default(''),
  current_dsl_version: z.string().default(''),
});
export type ImportResult = z.infer<typeof imported>;

const apiKey = z.looseObject({ id: z.string(), token: z.string() });
export type ApiKey = z.infer<typeof apiKey>;

const tenant = z.looseObject({ id: z.string(), name: z.string() });
export type Tenant = z.infer<typeof tenant>;

/** An answer of the API other than success. */
export class ConsoleApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ConsoleApiError';
  }
}

/** The part of the console API that the launcher and the command line use. */
export type ConsoleApi = ReturnType<typeof createConsoleApi>;

/** @param url address of the gateway @param adminKey sent as bearer @param tenantId instead of the default tenant */
export function createConsoleApi(url: string, adminKey: string, tenantId?: string) {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await reach(new URL(`/console/api/${path}`, url), {
      method,
      headers: {
        authorization: `Bearer ${adminKey}`,
        'content-type': 'application/json',
        ...(tenantId === undefined ? {} : { 'x-tenant-id': tenantId }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const content = parseJson(await answer.text());
    // A failed import answers 400 with its own body, which says more than the status.
    if (answer.ok || imported.safeParse(content).success) return content;
    throw new ConsoleApiError(answer.status, `${method} ${path}: ${messageOf(content) ?? `status ${answer.status}`}`);
  };
  return {
    /** Imports a workflow file, as a new app or over the draft of `appId`. A file of another version is accepted. */
    async importApp(yaml: string, options: { name?: string; appId?: string } = {}): Promise<ImportResult> {
      const result = imported.parse(
        await call('POST', 'apps/imports', {
          mode: 'yaml-content',
          yaml_content: yaml,
          ...(options.name === undefined ? {} : { name: options.name }),
          ...(options.appId === undefined ? {} : { app_id: options.appId }),
        }),
      );
      return result.status === 'pending'
        ? imported.parse(await call('POST', `apps/imports/${result.id}/confirm`, {}))
        : result;
    },
    publish: (appId: string) => call('POST', `apps/${appId}/workflows/publish`, {}),
    createKey: async (appId: string) => apiKey.parse(await call('POST', `apps/${appId}/api-keys`, {})),
    listKeys: async (appId: string) =>
      z.object({ data: z.array(apiKey) }).parse(await call('GET', `apps/${appId}/api-keys`)).data,
    deleteKey: (appId: string, keyId: string) => call('DELETE', `apps/${appId}/api-keys/${keyId}`),
    createTenant: async (body: { name: string; limits?: object }) => tenant.parse(await call('POST', 'tenants', body)),
    listTenants: () => call('GET', 'tenants'),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // empty, or no JSON: the status has to do
  }
}

function messageOf(content: unknown): string | undefined {
  return z.looseObject({ message: z.string() }).safeParse(content).data?.message;
}
