import { ApiError, type Value, type ValueObject } from '@millrace/contracts';
import { currentVersion, parseJson, restOfFile } from '@millrace/graph';
import type { AppRecord, VersionRecord } from '@millrace/store';
import type { RequestHandler } from 'express';
import { appOfPath, callerOf } from './caller.js';
import { exportedGraph } from './export-data.js';
import { isObject } from './fields.js';
import { listOf } from './present.js';
import type { ConsoleApiDeps } from './router.js';
import { writeYaml } from './write-yaml.js';

/** `GET apps/{app_id}/export`: the draft, or the version named, as a workflow file. */
export const exportApp =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const app = await appOfPath(store, req, res);
    const { tenantId } = callerOf(res);
    const versionId = req.query['workflow_id'];
    const workflow =
      typeof versionId === 'string' && versionId !== ''
        ? await store.versions.get(tenantId, versionId)
        : await store.versions.draft(tenantId, app.id);
    if (workflow?.appId !== app.id)
      throw new ApiError('not_found', 'Missing draft workflow configuration, please check.');
    res.json({ data: workflowYaml(app, workflow, req.query['include_secret'] === 'true') });
  };

/** The file an import reads back to the same app. Secrets are left empty unless asked for. */
export function workflowYaml(app: AppRecord, stored: VersionRecord, includeSecrets: boolean): string {
  const { [restOfFile]: rest = {}, ...workflow } = parseJson(stored.workflow) as ValueObject;
  const { app: appRest = {}, ...fileRest } = isObject(rest) ? rest : {};
  const environment = listOf(workflow, 'environment_variables');
  const file: ValueObject = {
    ...fileRest,
    app: {
      use_icon_as_answer_icon: false,
      ...(isObject(appRest) ? appRest : {}),
      description: app.description,
      icon: app.icon ?? '',
      icon_background: app.iconBackground ?? '',
      icon_type: app.iconType,
      mode: app.mode,
      name: app.name,
    },
    kind: 'app',
    version: currentVersion,
    workflow: {
      ...workflow,
      graph: exportedGraph(workflow['graph'] ?? {}),
      environment_variables: includeSecrets ? environment : environment.map(withoutSecret),
    },
  };
  return writeYaml(file);
}

const withoutSecret = (variable: Value): Value =>
  isObject(variable) && variable['value_type'] === 'secret' ? { ...variable, value: '' } : variable;
