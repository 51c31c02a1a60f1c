import type { Value, ValueObject } from '@millrace/contracts';
import type { PlanNode } from './plan.js';
import { PlanError, isContainer, type FileNode } from './structure.js';
import { floatValue, parseJson } from './values/json.js';
import { parsePythonFloat } from './values/numbers.js';
import { objectOf } from './values/objects.js';
import { isOn, pythonStr } from './values/python.js';
import { isNumber, isObject } from './values/types.js';

const branchTypes = new Set(['if-else', 'question-classifier', 'human-input']);
const responseTypes = new Set(['end', 'answer']);
const retryTypes = new Set(['code', 'llm', 'http-request', 'tool', 'agent']);

type Config = Pick<PlanNode, 'kind' | 'title' | 'errorStrategy' | 'defaultValue' | 'retry'>;

function kindOf(type: string, isRoot: boolean, strategy: PlanNode['errorStrategy']): PlanNode['kind'] {
  if (isRoot) return 'root';
  if (isContainer(type)) return 'container';
  if (branchTypes.has(type) || strategy === 'fail-branch') return 'branch';
  return responseTypes.has(type) ? 'response' : 'executable';
}

function strategyOf(data: ValueObject): PlanNode['errorStrategy'] {
  const strategy = data['error_strategy'];
  return strategy === 'fail-branch' || strategy === 'default-value' ? strategy : 'none';
}

function count(value: Value | undefined): number {
  const n = typeof value === 'string' ? (parsePythonFloat(value) ?? 0) : isNumber(value) ? Number(pythonStr(value)) : 0;
  return Number.isFinite(n) ? Math.max(0, Math.floor(n)) : 0;
}

function retryOf({ type, data }: FileNode): PlanNode['retry'] {
  const config = data['retry_config'];
  if (!retryTypes.has(type) || !isObject(config) || !isOn(config['retry_enabled'])) {
    return { maxRetries: 0, intervalMs: 0 };
  }
  return { maxRetries: count(config['max_retries']), intervalMs: count(config['retry_interval']) };
}

/** Python name of the type a default value must have, and of its elements. */
const defaultTypes: Readonly<Record<string, { base: string; element?: string }>> = {
  string: { base: 'str' },
  number: { base: 'number' },
  object: { base: 'dict' },
  'array[number]': { base: 'list', element: 'number' },
  'array[string]': { base: 'list', element: 'str' },
  'array[object]': { base: 'list', element: 'dict' },
};

function hasType(value: Value, type: string): boolean {
  switch (type) {
    case 'str':
      return typeof value === 'string';
    case 'number':
      // Python's bool is an int.
      return isNumber(value) || typeof value === 'boolean';
    case 'dict':
      return isObject(value);
    default:
      return Array.isArray(value);
  }
}

function fromText(value: string, base: string): Value {
  if (base === 'number') {
    const n = parsePythonFloat(value);
    if (n === undefined) throw new PlanError(`Cannot convert to number: ${value}`);
    return floatValue(n);
  }
  try {
    return parseJson(value);
  } catch {
    throw new PlanError(`Invalid JSON format for value: ${value}`);
  }
}

/** One entry of `default_value`, converted to its declared type (dsl 1.5). Throws `PlanError`. */
export function convertDefault(type: string, value: Value): Value {
  if (type === 'array[file]') return value;
  const expected = Object.hasOwn(defaultTypes, type) ? defaultTypes[type] : undefined;
  if (!expected) throw new PlanError(`Unsupported type: ${type}`);
  const converted = typeof value === 'string' && type !== 'string' ? fromText(value, expected.base) : value;
  if (!hasType(converted, expected.base)) {
    throw new PlanError(`Value must be ${expected.base} type for ${pythonStr(converted)}`);
  }
  const { element } = expected;
  if (element !== undefined && Array.isArray(converted) && !converted.every((item) => hasType(item, element))) {
    throw new PlanError(`All elements must be ${element} for ${pythonStr(converted)}`);
  }
  return converted;
}

function defaultsOf({ id, data }: FileNode): ValueObject {
  const declared = data['default_value'];
  if (!Array.isArray(declared)) return {};
  const entries = declared.filter(isObject).map((entry): [string, Value] => {
    const key = pythonStr(entry['key'] ?? '');
    try {
      return [key, convertDefault(pythonStr(entry['type'] ?? ''), entry['value'] ?? null)];
    } catch (error) {
      if (error instanceof PlanError) throw new PlanError(`Node '${id}', default value '${key}': ${error.message}`);
      throw error;
    }
  });
  return objectOf(entries);
}

/** What every node's `data` says apart from its own type's settings. */
export function nodeConfig(node: FileNode, isRoot: boolean): Config {
  const errorStrategy = strategyOf(node.data);
  const title = node.data['title'];
  return {
    kind: kindOf(node.type, isRoot, errorStrategy),
    title: title === undefined || title === null ? '' : pythonStr(title),
    errorStrategy,
    defaultValue: errorStrategy === 'default-value' ? defaultsOf(node) : {},
    retry: retryOf(node),
  };
}

/** Whether only the edges of the chosen handle are taken when the node completes. */
export const isBranch = (node: Pick<PlanNode, 'kind' | 'errorStrategy'>): boolean =>
  node.kind === 'branch' || node.errorStrategy === 'fail-branch';
