import { ApiError } from '@millrace/contracts';
import type { RequestHandler } from 'express';
import { readJsonObject, readOptionalJsonObject } from '../http/body.js';
import { appOfPath, callerOf } from './caller.js';
import { optionalText, parsePage, requiredBoolean, requiredText } from './fields.js';
import { presentApp, presentKey } from './present.js';
import type { ConsoleApiDeps } from './router.js';

/** `GET apps`: newest first. */
export const listApps =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const { page, limit } = parsePage(req.query, 20);
    const apps = (await store.apps.list(callerOf(res).tenantId)).reverse();
    const data = apps.slice((page - 1) * limit, page * limit).map(presentApp);
    res.json({ page, limit, total: apps.length, has_more: apps.length > page * limit, data });
  };

/** `POST apps`: an empty app. */
export const createApp =
  ({ store, bodyLimitBytes }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const body = await readJsonObject(req, bodyLimitBytes);
    const mode = requiredText(body, 'mode');
    if (mode !== 'workflow') throw new ApiError('invalid_param', `mode must be 'workflow', not '${mode}'.`);
    const app = await store.apps.create(callerOf(res).tenantId, {
      mode,
      name: requiredText(body, 'name', 255),
      description: optionalText(body, 'description', 10_000) ?? '',
      iconType: optionalText(body, 'icon_type', 255) ?? null,
      icon: optionalText(body, 'icon', 255) ?? null,
      iconBackground: optionalText(body, 'icon_background', 255) ?? null,
    });
    res.status(201).json(presentApp(app));
  };

/** `GET apps/{app_id}`. */
export const getApp =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) =>
    void res.json(presentApp(await appOfPath(store, req, res)));

/** `POST apps/{app_id}/api-enable`. */
export const enableApi =
  ({ store, bodyLimitBytes, forget }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const enabled = requiredBoolean(await readJsonObject(req, bodyLimitBytes), 'enable_api');
    const { tenantId } = callerOf(res);
    const changed = await store.apps.setEnableApi(tenantId, app.id, enabled);
    if (!changed) throw new ApiError('not_found', 'App not found.');
    forget(tenantId);
    res.json(presentApp(changed));
  };

/** `GET apps/{app_id}/api-keys`: tokens in full, as Dify shows them. */
export const listKeys =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    res.json({ data: (await store.appKeys.list(callerOf(res).tenantId, app.id)).map(presentKey) });
  };

const tooManyKeys = {
  message: 'Cannot create more than 10 API keys for this resource type.',
  custom: 'max_keys_exceeded',
};

/** `POST apps/{app_id}/api-keys`. */
export const createKey =
  ({ store, bodyLimitBytes }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    await readOptionalJsonObject(req, bodyLimitBytes);
    const created = await store.appKeys.create(callerOf(res).tenantId, app.id);
    if (created.kind === 'unknown-app') throw new ApiError('not_found', 'App not found.');
    if (created.kind === 'limit') res.status(400).json(tooManyKeys);
    else res.status(201).json(presentKey(created.key));
  };

/** `DELETE apps/{app_id}/api-keys/{key_id}`. */
export const deleteKey =
  ({ store, forget }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const { tenantId } = callerOf(res);
    const deleted = await store.appKeys.delete(tenantId, app.id, String(req.params['key_id']));
    if (!deleted) throw new ApiError('not_found', 'API key not found');
    forget(tenantId);
    res.status(204).end();
  };
