import { Float, type Value, type ValueObject } from '@millrace/contracts';

/** Types inferred from a value (dsl 2.3). */
export type ValueType =
  | 'string'
  | 'integer'
  | 'float'
  | 'boolean'
  | 'object'
  | 'file'
  | 'none'
  | 'array[string]'
  | 'array[number]'
  | 'array[object]'
  | 'array[boolean]'
  | 'array[file]'
  | 'array[any]';

export const isObject = (value: Value | undefined): value is ValueObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Float);

/** A mapping that carries a file (dsl 2.4). */
export const isFile = (value: Value | undefined): value is ValueObject =>
  isObject(value) && value['dify_model_identity'] === '__dify__file__';

/** Integers and floats alike; booleans are not numbers here. */
export const isNumber = (value: Value | undefined): value is number | bigint | Float =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof Float;

/** Whether a number is a Python `int`; doubles beyond the safe integers count as floats. */
export const isInteger = (value: Value | undefined): value is number | bigint =>
  typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));

/** The number as a double. */
export const toDouble = (value: number | bigint | Float): number =>
  value instanceof Float ? value.value : Number(value);

export function valueType(value: Value): ValueType {
  if (value === null) return 'none';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  if (isNumber(value)) return isInteger(value) ? 'integer' : 'float';
  if (!Array.isArray(value)) return isFile(value) ? 'file' : 'object';
  const kinds = new Set(value.map((item) => (isNumber(item) ? 'number' : valueType(item))));
  const [kind] = kinds;
  if (kinds.size !== 1 || kind === undefined) return 'array[any]';
  switch (kind) {
    case 'string':
    case 'number':
    case 'object':
    case 'boolean':
    case 'file':
      return `array[${kind}]`;
    default:
      return 'array[any]';
  }
}

/** Name of the Python class, as error texts print it. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (isNumber(value)) return isInteger(value) ? 'int' : 'float';
  return Array.isArray(value) ? 'list' : 'dict';
}
