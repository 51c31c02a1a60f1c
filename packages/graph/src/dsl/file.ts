import type { Value, ValueObject } from '@millrace/contracts';
import { codeWarnings } from '../code/code-warnings.js';
import { compilePlan } from '../compile.js';
import { PlanError } from '../structure.js';
import { objectOf } from '../values/objects.js';
import { pythonStr, truthy } from '../values/python.js';
import { isObject, typeName } from '../values/types.js';
import { emptySecrets, readVariables } from './variables.js';
import { currentVersion, judgeVersion } from './version.js';
import { parseYaml } from './yaml.js';

/** The `app` block of a file; absent texts are empty. */
export interface AppBlock {
  mode: string;
  name: string;
  description: string;
  icon: string;
  iconType: string;
  iconBackground: string;
  /** The block as the file has it. */
  raw: ValueObject;
}

interface Versions {
  /** `""` when unknown. */
  importedVersion: string;
  currentVersion: string;
}

/** What importing a file comes to (dsl 1.14, service-api 8.2). */
export type ParsedFile = Versions &
  (
    | { status: 'failed'; error: string }
    /** The version asks for the user's confirmation: parse again with `confirmed`. */
    | { status: 'pending' }
    | {
        status: 'completed' | 'completed-with-warnings';
        app: AppBlock;
        /** `graph`, `features`, `environment_variables`, `conversation_variables`, checked and complete. */
        workflow: ValueObject;
        warnings: string[];
      }
  );

export interface ParseFileOptions {
  /** Node types that have an executor. */
  supportedTypes: ReadonlySet<string>;
  /** Whether the user has accepted the file's version. Default false. */
  confirmed?: boolean;
}

/** Largest file, bytes. */
const maxBytes = 10 * 1024 * 1024;

const textOf = (value: Value | undefined): string =>
  value === undefined || value === null || typeof value === 'object' ? '' : pythonStr(value);

function readYaml(text: string): ValueObject {
  if (Buffer.byteLength(text) > maxBytes) throw new PlanError('File size exceeds the limit of 10MB');
  let parsed: Value;
  try {
    parsed = parseYaml(text);
  } catch (error) {
    throw new PlanError(`Invalid YAML format: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(parsed)) throw new PlanError('Invalid YAML format: content must be a mapping');
  return parsed;
}

function readVersion(file: ValueObject): string {
  const version = file['version'];
  if (version === undefined || !truthy(version)) return '0.1.0';
  if (typeof version === 'string') return version;
  throw new PlanError(`Invalid version type, expected str, got <class '${typeName(version)}'>`);
}

const missingApp = ({ kind }: ValueObject): PlanError =>
  new PlanError(
    kind === 'rag_pipeline'
      ? 'Missing app data in YAML content: this is a knowledge pipeline, and only apps of mode workflow can be imported'
      : 'Missing app data in YAML content',
  );

function readApp(app: ValueObject): AppBlock {
  return {
    mode: textOf(app['mode']),
    name: textOf(app['name']),
    description: textOf(app['description']),
    icon: textOf(app['icon']),
    iconType: textOf(app['icon_type']),
    iconBackground: textOf(app['icon_background']),
    raw: app,
  };
}

function requireWorkflowMode(mode: string): void {
  if (mode === '') throw new PlanError('loss app mode');
  if (mode === 'workflow') return;
  if (mode === 'advanced-chat') {
    throw new PlanError('chatflows (advanced-chat) are not supported yet: only apps of mode workflow can be imported');
  }
  throw new PlanError(
    `apps of mode ${mode} have no workflow and are not supported: only apps of mode workflow can be imported`,
  );
}

/** Numeric ids inside selectors become texts, so that they find their nodes. */
function withTextSelectors(value: Value, ids: ReadonlySet<string>): Value {
  if (Array.isArray(value)) {
    const [first, second] = value;
    if ((typeof first === 'number' || typeof first === 'bigint') && typeof second === 'string' && ids.has(`${first}`)) {
      return value.map((part) => textOf(part));
    }
    return value.map((part) => withTextSelectors(part, ids));
  }
  if (!isObject(value)) return value;
  return objectOf(Object.entries(value).map(([key, part]) => [key, withTextSelectors(part, ids)]));
}

function readWorkflow(file: ValueObject): ValueObject {
  const workflow = file['workflow'];
  if (!isObject(workflow) || Object.keys(workflow).length === 0) {
    throw new PlanError('Missing workflow data for workflow/advanced chat app');
  }
  const graph = isObject(workflow['graph']) ? workflow['graph'] : {};
  const nodes = Array.isArray(graph['nodes']) ? graph['nodes'].filter(isObject) : [];
  const ids = new Set(nodes.map((node) => textOf(node['id'])));
  return {
    ...workflow,
    graph: withTextSelectors(graph, ids),
    features: isObject(workflow['features']) ? workflow['features'] : {},
    environment_variables: readVariables(workflow['environment_variables'], 'env'),
    conversation_variables: readVariables(workflow['conversation_variables'], 'conversation'),
  };
}

/** Where a workflow keeps what its file said besides; an export puts it back. No run looks at it. */
export const restOfFile = '$file';

const ownKeys = new Set(['kind', 'version', 'app', 'workflow']);
const ownAppKeys = new Set(['mode', 'name', 'description', 'icon', 'icon_type', 'icon_background']);

const without = (mapping: ValueObject, keys: ReadonlySet<string>): ValueObject =>
  objectOf(Object.entries(mapping).filter(([key]) => !keys.has(key)));

/** Dependencies, unknown keys and the like (dsl appendix C); empty for most files. */
function readRest(file: ValueObject, app: AppBlock): ValueObject {
  const rest = without(file, ownKeys);
  const appRest = without(app.raw, ownAppKeys);
  const all = Object.keys(appRest).length > 0 ? { ...rest, app: appRest } : rest;
  return Object.keys(all).length > 0 ? { [restOfFile]: all } : {};
}

type Content = Pick<Extract<ParsedFile, { app: AppBlock }>, 'app' | 'workflow' | 'warnings'>;

function readContent(file: ValueObject, supportedTypes: ReadonlySet<string>): Content {
  const app = readApp(file['app'] as ValueObject);
  requireWorkflowMode(app.mode);
  const workflow = readWorkflow(file);
  const compiled = compilePlan(workflow, { supportedTypes });
  if (!compiled.ok) throw new PlanError(compiled.error);
  const secrets = emptySecrets(workflow['environment_variables'] as ValueObject[]);
  const warnings = secrets.map(
    (name) => `The secret environment variable '${name}' has no value and must be given one`,
  );
  const code = supportedTypes.has('code') ? codeWarnings(workflow['graph'] as ValueObject) : [];
  return {
    app,
    workflow: { ...workflow, ...readRest(file, app) },
    warnings: [...warnings, ...compiled.warnings, ...code],
  };
}

/** Reads a Dify file. Bad input is a result, never an exception. */
export function parseFile(text: string, { supportedTypes, confirmed = false }: ParseFileOptions): ParsedFile {
  const versions: Versions = { importedVersion: '', currentVersion };
  try {
    const file = readYaml(text);
    versions.importedVersion = readVersion(file);
    if (!isObject(file['app']) || !truthy(file['app'])) throw missingApp(file);
    const verdict = judgeVersion(versions.importedVersion);
    if (verdict === 'failed') throw new PlanError(`Invalid DSL version: ${versions.importedVersion}`);
    if (verdict === 'pending' && !confirmed) return { ...versions, status: 'pending' };
    const content = readContent(file, supportedTypes);
    const quiet = verdict !== 'completed-with-warnings' && content.warnings.length === 0;
    return { ...versions, status: quiet ? 'completed' : 'completed-with-warnings', ...content };
  } catch (error) {
    if (error instanceof PlanError) return { ...versions, status: 'failed', error: error.message };
    throw error;
  }
}
