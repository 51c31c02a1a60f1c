import { createHash } from 'node:crypto';
import type { Value, ValueObject } from '@millrace/contracts';
import { parseJson, stringifyJson } from '@millrace/graph';
import { isObject } from './fields.js';
import type { AppKeyRecord, AppRecord, TenantRecord, VersionRecord } from '@millrace/store';

const seconds = (ms: number): number => Math.floor(ms / 1000);

export const presentApp = (app: AppRecord) => ({
  id: app.id,
  name: app.name,
  description: app.description,
  mode: app.mode,
  icon_type: app.iconType,
  icon: app.icon,
  icon_background: app.iconBackground,
  enable_site: false,
  enable_api: app.enableApi,
  tags: [],
  created_at: seconds(app.createdAtMs),
  updated_at: seconds(app.updatedAtMs),
});

export const presentKey = (key: AppKeyRecord) => ({
  id: key.id,
  type: 'app',
  token: key.token,
  last_used_at: key.lastUsedAtMs === null ? null : seconds(key.lastUsedAtMs),
  created_at: seconds(key.createdAtMs),
});

export const presentTenant = ({ id, name, status, limits, createdAtMs }: TenantRecord) => ({
  id,
  name,
  status,
  limits,
  created_at: seconds(createdAtMs),
});

/** Stands for a secret's value; saving it back keeps the value. */
export const secretMask = '*'.repeat(20);

/** SHA-256 of a draft's graph: whoever saves must name the hash of what they edited. */
export const graphHash = (workflow: ValueObject): string =>
  createHash('sha256')
    .update(stringifyJson(workflow['graph'] ?? {}))
    .digest('hex');

/** The workflow object of service-api 8.3 as JSON text. */
export const presentWorkflow = (stored: VersionRecord): string => stringifyJson(workflowObject(stored));

export function workflowObject(stored: VersionRecord): ValueObject {
  const workflow = parseJson(stored.workflow) as ValueObject;
  return {
    id: stored.id,
    graph: workflow['graph'] ?? {},
    features: workflow['features'] ?? {},
    hash: graphHash(workflow),
    version: stored.version,
    marked_name: stored.markedName,
    marked_comment: stored.markedComment,
    created_by: null,
    created_at: seconds(stored.createdAtMs),
    updated_by: null,
    updated_at: seconds(stored.updatedAtMs),
    tool_published: false,
    environment_variables: listOf(workflow, 'environment_variables').map(masked),
    conversation_variables: listOf(workflow, 'conversation_variables'),
    rag_pipeline_variables: listOf(workflow, 'rag_pipeline_variables'),
  };
}

export function listOf(workflow: ValueObject, key: string): Value[] {
  const value = workflow[key];
  return Array.isArray(value) ? value : [];
}

const masked = (variable: Value): Value =>
  isObject(variable) && variable['value_type'] === 'secret' && variable['value'] !== ''
    ? { ...variable, value: secretMask }
    : variable;
