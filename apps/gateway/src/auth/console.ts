import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError, isUuid } from '@millrace/contracts';
import type { IncomingHttpHeaders } from 'node:http';
import { parseBearer, requireNormalTenant } from './app-key.js';
import type { FindConsoleTenant } from './ports.js';

/** Who calls the console API, and the tenant the call acts on. */
export interface ConsoleCaller {
  role: 'admin' | 'tenant';
  tenantId: string;
}

export interface ConsoleAuthDeps {
  adminKey: string;
  defaultTenantId: string;
  findConsoleTenant: FindConsoleTenant;
  tenantExists: (tenantId: string) => Promise<boolean>;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares without telling by its duration where two texts differ. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/**
 * The admin key acts on the default tenant unless `X-Tenant-Id` (or `X-WORKSPACE-ID`) names another;
 * a console key acts on its own tenant only.
 * @throws ApiError `unauthorized`, `forbidden`, `invalid_param`, `not_found`
 */
export async function authenticateConsole(headers: IncomingHttpHeaders, deps: ConsoleAuthDeps): Promise<ConsoleCaller> {
  const key = parseBearer(headers.authorization);
  const isAdmin = sameSecret(key, deps.adminKey);
  const tenant = isAdmin ? undefined : await deps.findConsoleTenant(key);
  if (!isAdmin && !tenant) throw new ApiError('unauthorized', 'Access token is invalid');
  const named = tenantHeader(headers);
  if (!tenant) return { role: 'admin', tenantId: await existing(named, deps) };
  if (named !== undefined && named !== tenant.id)
    throw new ApiError('forbidden', 'This key belongs to another tenant.');
  requireNormalTenant(tenant.status);
  return { role: 'tenant', tenantId: tenant.id };
}

async function existing(
  named: string | undefined,
  { defaultTenantId, tenantExists }: ConsoleAuthDeps,
): Promise<string> {
  if (named === undefined || named === defaultTenantId) return defaultTenantId;
  if (await tenantExists(named)) return named;
  throw new ApiError('not_found', 'Tenant not found.');
}

function tenantHeader(headers: IncomingHttpHeaders): string | undefined {
  const value = headers['x-tenant-id'] ?? headers['x-workspace-id'];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string' || !isUuid(value)) throw new ApiError('invalid_param', 'X-Tenant-Id must be a UUID.');
  return value.toLowerCase();
}
