import type { Value, ValueObject } from '@millrace/contracts';
import { PlanError } from '../structure.js';
import { stringifyJson } from '../values/json.js';
import { pythonStr } from '../values/python.js';
import { isNumber, isObject, isInteger } from '../values/types.js';

/** Most bytes of one environment or conversation variable. */
const maxBytes = 200 * 1024;

const checks: Readonly<Record<string, (value: Value) => boolean>> = {
  string: (value) => typeof value === 'string',
  secret: (value) => typeof value === 'string',
  // Python's bool is an int.
  number: (value) => isNumber(value) || typeof value === 'boolean',
  integer: (value) => isInteger(value) || typeof value === 'boolean',
  float: (value) => isNumber(value) && !isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  object: isObject,
  'array[string]': Array.isArray,
  'array[number]': Array.isArray,
  'array[object]': Array.isArray,
  'array[boolean]': Array.isArray,
};

function checkVariable(raw: Value, kind: string): ValueObject {
  if (!isObject(raw)) throw new PlanError('variable must be a mapping');
  const name = raw['name'];
  if (name === undefined || name === null || name === '') throw new PlanError('missing name');
  const type = raw['value_type'];
  if (type === undefined || type === null) throw new PlanError(`missing value type of variable ${pythonStr(name)}`);
  // A secret without a value is what an export leaves of it.
  const value = raw['value'] ?? (type === 'secret' ? '' : null);
  if (value === null) throw new PlanError(`missing value of variable ${pythonStr(name)}`);
  const check = typeof type === 'string' && Object.hasOwn(checks, type) ? checks[type] : undefined;
  if (!check) throw new PlanError(`not supported value type ${pythonStr(type)}`);
  if (!check(value)) throw new PlanError(`invalid ${pythonStr(type)} value ${pythonStr(value)}`);
  const size = Buffer.byteLength(typeof value === 'string' ? value : stringifyJson(value));
  if (size > maxBytes) throw new PlanError(`variable size ${size} exceeds limit ${maxBytes}`);
  return { ...raw, name: pythonStr(name), value, selector: [kind, pythonStr(name)] };
}

/** Checks a list of variables and fills in what old files lack (dsl 1.10, 1.11). Throws `PlanError`. */
export function readVariables(declared: Value | undefined, kind: 'env' | 'conversation'): ValueObject[] {
  return Array.isArray(declared) ? declared.map((raw) => checkVariable(raw, kind)) : [];
}

/** Names of secrets whose value the export left out. */
export const emptySecrets = (variables: ValueObject[]): string[] =>
  variables
    .filter(({ value_type, value }) => value_type === 'secret' && value === '')
    .map(({ name }) => pythonStr(name ?? ''));
