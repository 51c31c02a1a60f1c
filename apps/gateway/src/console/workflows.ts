import { ApiError, type Value, type ValueObject } from '@millrace/contracts';
import { compilePlan, parseJson, stringifyJson } from '@millrace/graph';
import type { VersionRecord } from '@millrace/store';
import type { RequestHandler } from 'express';
import { readJsonObject, readOptionalJsonObject } from '../http/body.js';
import { sendJsonText } from '../http/send-json.js';
import { appOfPath, callerOf } from './caller.js';
import { isObject, optionalList, optionalObject, optionalText, parsePage, type Page } from './fields.js';
import { graphHash, listOf, presentWorkflow, secretMask, workflowObject } from './present.js';
import type { ConsoleApiDeps, ConsoleStore } from './router.js';
import { parseMarks, presentSaved } from './versions.js';

/** `GET apps/{app_id}/workflows/draft`. */
export const getDraft =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const draft = await store.versions.draft(callerOf(res).tenantId, app.id);
    if (!draft) throw new ApiError('draft_workflow_not_exist');
    sendJsonText(res, { status: 200, body: presentWorkflow(draft) });
  };

/** `POST apps/{app_id}/workflows/draft`: JSON, or JSON text sent as `text/plain`. */
export const saveDraft =
  ({ store, bodyLimitBytes }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const body = await readOptionalJsonObject(req, bodyLimitBytes);
    const { tenantId } = callerOf(res);
    const saved = await store.versions.editDraft(tenantId, app.id, (stored) => {
      const current = stored === undefined ? undefined : (parseJson(stored) as ValueObject);
      if (current && optionalText(body, 'hash') !== graphHash(current)) throw new ApiError('draft_workflow_not_sync');
      return stringifyJson(draftOf(body, current));
    });
    if (!saved) throw new ApiError('not_found', 'App not found.');
    res.json(presentSaved(saved));
  };

function draftOf(body: ValueObject, current: ValueObject | undefined): ValueObject {
  const graph = optionalObject(body, 'graph');
  if (!graph) throw new ApiError('invalid_param', 'graph is required.');
  const environment = optionalList(body, 'environment_variables');
  const known = current ? listOf(current, 'environment_variables') : [];
  return {
    ...current,
    graph,
    features: optionalObject(body, 'features') ?? {},
    environment_variables: environment ? unmasked(environment, known) : known,
    conversation_variables:
      optionalList(body, 'conversation_variables') ?? (current ? listOf(current, 'conversation_variables') : []),
  };
}

/** Secrets that come back as their mask keep their values. */
function unmasked(variables: Value[], known: Value[]): Value[] {
  // Of two with one name the first counts.
  const before = new Map(
    known
      .filter(isObject)
      .map(({ name, value }) => [name, value] as const)
      .reverse(),
  );
  return variables.map((variable) =>
    isObject(variable) && variable['value'] === secretMask && before.has(variable['name'])
      ? { ...variable, value: before.get(variable['name']) ?? '' }
      : variable,
  );
}

/** `GET apps/{app_id}/workflows/publish`: `null` when nothing is published. */
export const getPublished =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const published = await store.versions.published(callerOf(res).tenantId, app.id);
    sendJsonText(res, { status: 200, body: published ? presentWorkflow(published) : 'null' });
  };

/** `POST apps/{app_id}/workflows/publish`. */
export const publish =
  ({ store, bodyLimitBytes, supportedTypes, forget }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const body = await readJsonObject(req, bodyLimitBytes);
    const marks = parseMarks(body);
    const { tenantId } = callerOf(res);
    const draft = await store.versions.draft(tenantId, app.id);
    if (!draft) throw new ApiError('invalid_param', 'No valid workflow found.');
    const workflow = parseJson(draft.workflow) as ValueObject;
    refuseMixedEntries(workflow);
    const compiled = compilePlan(workflow, { supportedTypes });
    if (!compiled.ok) throw new ApiError('invalid_param', compiled.error);
    const version = await store.versions.publish(tenantId, app.id, { ...marks, nowMs: Date.now() });
    if (!version) throw new ApiError('invalid_param', 'No valid workflow found.');
    forget(tenantId);
    res.json({ result: 'success', created_at: Math.floor(version.createdAtMs / 1000) });
  };

/** @throws ApiError `invalid_param` */
function refuseMixedEntries({ graph = null }: ValueObject): void {
  const nodes = isObject(graph) ? listOf(graph, 'nodes').filter(isObject) : [];
  const types = nodes.map(({ data }) => (isObject(data) && typeof data['type'] === 'string' ? data['type'] : ''));
  if (!types.includes('start') || !types.some((type) => type.startsWith('trigger-'))) return;
  throw new ApiError('invalid_param', 'Start node and trigger nodes cannot coexist in the same workflow');
}

/** `GET apps/{app_id}/workflows`: the draft, then published versions, newest first; empty before the first publish. */
export const listVersions =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const { tenantId } = callerOf(res);
    const { page, limit } = parsePage(req.query, 10);
    const namedOnly = req.query['named_only'] === 'true';
    const { items, hasMore } = namedOnly
      ? await listNamed(store, tenantId, app.id, { page, limit })
      : await store.versions.list(tenantId, app.id, { page, limit });
    const body = stringifyJson({ items: items.map(workflowObject), page, limit, has_more: hasMore });
    sendJsonText(res, { status: 200, body });
  };

/** Few versions carry a name: they are picked from all of them. */
async function listNamed(store: ConsoleStore, tenantId: string, appId: string, { page, limit }: Page) {
  const named: VersionRecord[] = [];
  for (let from = 1, more = true; more; from += 1) {
    const { items, hasMore } = await store.versions.list(tenantId, appId, { page: from, limit: 100 });
    named.push(...items.filter(({ markedName }) => markedName !== ''));
    more = hasMore;
  }
  return { items: named.slice((page - 1) * limit, page * limit), hasMore: named.length > page * limit };
}
