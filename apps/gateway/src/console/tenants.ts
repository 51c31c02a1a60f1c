import { ApiError, isUuid, type ValueObject } from '@millrace/contracts';
import type { TenantLimits, TenantStatus } from '@millrace/store';
import type { RequestHandler } from 'express';
import { readJsonObject } from '../http/body.js';
import { optionalObject, optionalText, requiredText } from './fields.js';
import { presentTenant } from './present.js';
import type { ConsoleApiDeps } from './router.js';

/** `GET tenants`. */
export const listTenants =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (_req, res) =>
    void res.json({ data: (await store.tenants.list()).map(presentTenant) });

/** `POST tenants`: the console key is shown here and never again. */
export const createTenant =
  ({ store, bodyLimitBytes }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const body = await readJsonObject(req, bodyLimitBytes);
    const created = await store.tenants.create({
      name: requiredText(body, 'name', 255),
      limits: parseLimits(body) ?? {},
    });
    res.status(201).json({ ...presentTenant(created), consoleKey: created.consoleKey });
  };

/** `PATCH tenants/{tenant_id}`: name, limits (given ones replace all), `status` `normal`, `suspended` or `archived`. */
export const updateTenant =
  ({ store, bodyLimitBytes, forget }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const body = await readJsonObject(req, bodyLimitBytes);
    const name = optionalText(body, 'name', 255);
    const limits = parseLimits(body);
    const status = parseStatus(body);
    const change = { ...(name ? { name } : {}), ...(limits ? { limits } : {}), ...(status ? { status } : {}) };
    const tenantId = String(req.params['tenant_id']).toLowerCase();
    const tenant = isUuid(tenantId) ? await store.tenants.update(tenantId, change) : undefined;
    if (!tenant) throw new ApiError('not_found', 'Tenant not found.');
    forget(tenantId);
    res.json(presentTenant(tenant));
  };

const statuses: readonly TenantStatus[] = ['normal', 'suspended', 'archived'];

function parseStatus(body: ValueObject): TenantStatus | undefined {
  if (typeof body['suspended'] === 'boolean') return body['suspended'] ? 'suspended' : 'normal';
  const text = optionalText(body, 'status');
  const status = statuses.find((each) => each === text);
  if (text === undefined || status) return status;
  throw new ApiError('invalid_param', `status must be one of ${statuses.join(', ')}.`);
}

const limitNames = ['maxConcurrentRuns', 'maxQueuedRuns', 'runsPerMinute', 'weight'] as const;

function parseLimits(body: ValueObject): TenantLimits | undefined {
  const given = optionalObject(body, 'limits');
  if (!given) return undefined;
  const unknown = Object.keys(given).find((key) => !limitNames.some((name) => name === key));
  if (unknown !== undefined)
    throw new ApiError('invalid_param', `limits.${unknown} is not a limit; there are ${limitNames.join(', ')}.`);
  const limits: TenantLimits = {};
  for (const name of limitNames) {
    const value = given[name] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
      throw new ApiError('invalid_param', `limits.${name} must be a whole number of at least 1.`);
    }
    limits[name] = value;
  }
  return limits;
}
