import { ApiError, type ValueObject } from '@millrace/contracts';
import { parseJson } from '@millrace/graph';
import type { VersionRecord } from '@millrace/store';
import type { Request, RequestHandler, Response } from 'express';
import { readJsonObject } from '../http/body.js';
import { sendJsonText } from '../http/send-json.js';
import { appOfPath, callerOf } from './caller.js';
import { optionalText } from './fields.js';
import { graphHash, presentWorkflow } from './present.js';
import type { ConsoleApiDeps } from './router.js';

const unknown = (id: string): ApiError => new ApiError('not_found', `Workflow not found with id: ${id}`);

/** Tenant, app and version that a path names; the app is the caller's. */
async function placeOf({ store }: ConsoleApiDeps, req: Request, res: Response) {
  const { id: appId } = await appOfPath(store, req, res);
  return { tenantId: callerOf(res).tenantId, appId, versionId: String(req.params['workflow_id']).toLowerCase() };
}

/** `marked_name` and `marked_comment` of a body. */
export const parseMarks = (body: ValueObject): { markedName?: string; markedComment?: string } => {
  const markedName = optionalText(body, 'marked_name', 20);
  const markedComment = optionalText(body, 'marked_comment', 100);
  return {
    ...(markedName === undefined ? {} : { markedName }),
    ...(markedComment === undefined ? {} : { markedComment }),
  };
};

/** `PATCH apps/{app_id}/workflows/{workflow_id}`: marks that are left out stay. */
export const markVersion =
  (deps: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const { tenantId, appId, versionId } = await placeOf(deps, req, res);
    const marks = parseMarks(await readJsonObject(req, deps.bodyLimitBytes));
    if (Object.keys(marks).length === 0)
      throw new ApiError('invalid_param', 'marked_name or marked_comment is required.');
    const version = await deps.store.versions.mark(tenantId, appId, versionId, marks);
    if (!version) throw unknown(versionId);
    sendJsonText(res, { status: 200, body: presentWorkflow(version) });
  };

/** `DELETE apps/{app_id}/workflows/{workflow_id}`: never the draft, the version that runs, or one with runs under way. */
export const deleteVersion =
  (deps: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const { tenantId, appId, versionId } = await placeOf(deps, req, res);
    const outcome = await deps.store.versions.remove(tenantId, appId, versionId);
    if (outcome === 'unknown') throw unknown(versionId);
    if (outcome === 'draft') throw new ApiError('bad_request', 'Cannot delete draft workflow versions.');
    if (outcome === 'in use') throw new ApiError('bad_request', `Cannot delete workflow that is currently in use.`);
    deps.forget(tenantId);
    res.status(204).end();
  };

/** `POST apps/{app_id}/workflows/{workflow_id}/restore`: the version becomes the draft. */
export const restoreVersion =
  (deps: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const { tenantId, appId, versionId } = await placeOf(deps, req, res);
    const { versions } = deps.store;
    const version = await versions.get(tenantId, versionId);
    if (version?.appId !== appId) throw unknown(versionId);
    if (version.version.startsWith('draft'))
      throw new ApiError('bad_request', 'Only a published version can be restored.');
    const saved = await versions.saveDraft(tenantId, appId, version.workflow);
    if (!saved) throw new ApiError('not_found', 'App not found.');
    res.json(presentSaved(saved));
  };

/** Answer to whoever saved a draft. */
export const presentSaved = ({ workflow, updatedAtMs }: VersionRecord) => ({
  result: 'success',
  hash: graphHash(parseJson(workflow) as ValueObject),
  updated_at: Math.floor(updatedAtMs / 1000),
});
