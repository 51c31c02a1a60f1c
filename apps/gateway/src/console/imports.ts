import { ApiError, isUuid, newId, type ValueObject } from '@millrace/contracts';
import { currentVersion as currentDslVersion, stringifyJson } from '@millrace/graph';
import { providerKey } from '@millrace/store';
import type { RequestHandler, Response } from 'express';
import { readJsonObject } from '../http/body.js';
import { callerOf } from './caller.js';
import { fetchYaml } from './fetch-yaml.js';
import { optionalText } from './fields.js';
import { readImportAside, type ImportedFile } from './read-import.js';
import type { ConsoleApiDeps, ConsoleStore } from './router.js';

/** What an import asks for, apart from the file. */
interface ImportRequest {
  yaml: string;
  appId?: string;
  overrides: Partial<Record<'name' | 'description' | 'icon_type' | 'icon' | 'icon_background', string>>;
}

/** An import as it is asked for: with the file, or with its address. */
type ImportOrder = Omit<ImportRequest, 'yaml'> & { source: { yaml: string } | { url: string } };

async function fetched({ outbound }: ConsoleApiDeps, { source, ...order }: ImportOrder) {
  const content = 'url' in source ? await fetchYaml(outbound, source.url) : source;
  return 'error' in content ? content : { ...order, ...content };
}

/** Answer to every import (service-api 8.2); `warnings` is ours. */
interface ImportResult {
  id: string;
  status: ImportedFile['status'];
  app_id: string | null;
  app_mode: string | null;
  current_dsl_version: string;
  imported_dsl_version: string;
  error: string;
  warnings: string[];
}

/** How long a pending import waits for its confirmation. */
const holdMs = 10 * 60_000;

const httpStatus = { completed: 200, 'completed-with-warnings': 200, pending: 202, failed: 400 } as const;

/** `POST apps/imports`. */
export const importApp =
  (deps: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const order = parseImport(await readJsonObject(req, deps.bodyLimitBytes));
    const request = 'error' in order ? order : await fetched(deps, order);
    const result = 'error' in request ? failed(request.error) : await runImport(deps, callerOf(res).tenantId, request);
    send(res, result);
  };

/** `POST apps/imports/{import_id}/confirm`. */
export const confirmImport =
  (deps: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const { tenantId } = callerOf(res);
    const importId = String(req.params['import_id']);
    const held = isUuid(importId)
      ? await deps.store.pendingImports.take(tenantId, importId.toLowerCase(), Date.now())
      : undefined;
    if (held === undefined) return send(res, failed('Import information expired or does not exist'));
    send(res, { ...(await runImport(deps, tenantId, JSON.parse(held) as ImportRequest, true)), id: importId });
  };

const send = (res: Response, result: ImportResult): void => void res.status(httpStatus[result.status]).json(result);

/** @throws ApiError `invalid_param` for an unknown mode or a field of the wrong type */
function parseImport(body: ValueObject): ImportOrder | { error: string } {
  const mode = body['mode'];
  if (mode !== 'yaml-content' && mode !== 'yaml-url') {
    throw new ApiError(
      'invalid_param',
      `Invalid import_mode: ${typeof mode === 'string' ? mode : stringifyJson(mode ?? null)}`,
    );
  }
  const source = mode === 'yaml-url' ? 'yaml_url' : 'yaml_content';
  const given = optionalText(body, source, Number.POSITIVE_INFINITY);
  if (!given) return { error: `${source} is required when import_mode is ${mode}` };
  const appId = optionalText(body, 'app_id');
  const names = ['name', 'description', 'icon_type', 'icon', 'icon_background'] as const;
  const overrides = names.flatMap((name) => {
    const value = optionalText(body, name, 10_000);
    return value ? [[name, value]] : [];
  });
  return {
    source: mode === 'yaml-url' ? { url: given } : { yaml: given },
    ...(appId ? { appId } : {}),
    overrides: Object.fromEntries(overrides) as ImportRequest['overrides'],
  };
}

const failed = (error: string, file?: ImportedFile): ImportResult => ({
  ...answer(file),
  status: 'failed',
  error,
});

const answer = (file?: ImportedFile): Omit<ImportResult, 'status'> => ({
  id: newId(),
  app_id: null,
  app_mode: null,
  current_dsl_version: file?.currentVersion ?? currentDslVersion,
  imported_dsl_version: file?.importedVersion ?? '',
  error: '',
  warnings: [],
});

async function runImport(
  { store, supportedTypes, forget }: ConsoleApiDeps,
  tenantId: string,
  request: ImportRequest,
  confirmed = false,
): Promise<ImportResult> {
  const file = await readImportAside({ text: request.yaml, supportedTypes, confirmed });
  if (file.status === 'failed') return failed(file.error, file);
  if (file.status === 'pending') {
    const nowMs = Date.now();
    const times = { nowMs, expiresAtMs: nowMs + holdMs };
    const id = await store.pendingImports.save(tenantId, JSON.stringify(request), times);
    return { ...answer(file), id, status: 'pending' };
  }
  const app = await saveApp(store, tenantId, request, file);
  if (!app) return failed('App not found', file);
  await store.versions.saveDraft(tenantId, app.id, file.workflow);
  forget(tenantId);
  return {
    ...answer(file),
    status: confirmed ? 'completed' : file.status,
    app_id: app.id,
    app_mode: app.mode,
    warnings: [...file.warnings, ...(await missingCredentials(store, tenantId, file))],
  };
}

/** What the tenant has yet to save; it says nothing of the file, so that it does not count in the status. */
async function missingCredentials(store: ConsoleStore, tenantId: string, { providers }: ReadFile): Promise<string[]> {
  if (providers.length === 0) return [];
  const saved = new Set(await store.credentials.providers(tenantId));
  return providers
    .filter(([name]) => !saved.has(providerKey(name)))
    .map(
      ([name, nodes]) =>
        `Model provider '${name}' has no credentials yet; a run fails when it reaches ${nodes.join(', ')}`,
    );
}

type ReadFile = Extract<ImportedFile, { workflow: string }>;

async function saveApp(store: ConsoleStore, tenantId: string, { appId, overrides }: ImportRequest, { app }: ReadFile) {
  const draft = {
    mode: 'workflow',
    name: overrides.name ?? (app.name || 'Untitled'),
    description: overrides.description ?? app.description,
    iconType: overrides.icon_type ?? (app.iconType || null),
    icon: overrides.icon ?? (app.icon || null),
    iconBackground: overrides.icon_background ?? (app.iconBackground || null),
  };
  if (appId === undefined) return store.apps.create(tenantId, draft);
  return isUuid(appId) ? store.apps.update(tenantId, appId.toLowerCase(), draft) : undefined;
}
