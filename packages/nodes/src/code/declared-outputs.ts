import type { Value, ValueObject } from '@millrace/contracts';
import { isNumber, isObject, objectOf, typeName } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { DeclaredOutput, DeclaredOutputs } from './config.js';
import type { CodeOutputLimits } from './limits.js';
import { checkDepth, checkLooseMembers, memberPath } from './loose-outputs.js';
import { checkNumber, checkText, invalid } from './scalar-outputs.js';

/**
 * What code returned, checked against its declared outputs (dsl 4.11) and converted where that asks for it.
 * @throws NodeFailure `OutputValidationError`, `DepthLimitError`, or `CodeNodeError` for outputs that nobody declared
 */
export function checkOutputs(
  result: ValueObject,
  declared: DeclaredOutputs,
  limits: CodeOutputLimits,
  path = '',
  depth = 1,
): ValueObject {
  checkDepth(depth, limits);
  const entries = Object.entries(declared).map(([name, output]): [string, Value] => {
    const place = { path: memberPath(path, name), depth, limits };
    const value = Object.hasOwn(result, name) ? result[name] : undefined;
    if (value === undefined) throw invalid(`Output ${place.path} is missing.`);
    return [name, checkOutput(value, output, place)];
  });
  if (entries.length !== Object.keys(result).length) {
    throw new NodeFailure('Not all output parameters are validated.', 'CodeNodeError');
  }
  return objectOf(entries);
}

/** Where a value stands. */
interface Place {
  path: string;
  /** Level of the mapping that holds the value. */
  depth: number;
  limits: CodeOutputLimits;
}

function checkOutput(value: Value, { type, children }: DeclaredOutput, place: Place): Value {
  const check = Object.hasOwn(checks, type) ? checks[type as keyof typeof checks] : undefined;
  if (!check) throw invalid(`Output type ${type} is not supported.`);
  return value === null ? null : check(value, place, children);
}

type Check = (value: Exclude<Value, null>, place: Place, children: DeclaredOutput['children']) => Value;

/** Python's `type(value)`, as messages print it. */
const classOf = (value: Value): string => `<class '${typeName(value)}'>`;

const checks = {
  string: (value, place) => text(value, place),

  number: (value, { path, limits }) => {
    if (typeof value === 'boolean') return Number(value);
    if (!isNumber(value)) throw invalid(`Output ${path} is not a number, got ${classOf(value)} instead.`);
    checkNumber(value, path, limits);
    return value;
  },

  boolean: (value) => value,

  object: (value, place, children) => {
    if (isObject(value)) return members(value, place, children);
    throw invalid(`Output ${place.path} is not an object, got ${classOf(value)} instead.`);
  },

  'array[string]': (value, place) =>
    list(value, place, place.limits.maxStringArrayLength).map((item, index) =>
      item === null ? null : text(item, itemPlace(place, index)),
    ),

  'array[number]': (value, place) =>
    list(value, place, place.limits.maxNumberArrayLength).map((item, index) => {
      if (typeof item === 'boolean') return Number(item);
      if (isNumber(item)) return item;
      throw invalid(`The element at index ${index} of output variable \`${place.path}\` must be a number.`);
    }),

  'array[object]': (value, place, children) => {
    const items = list(value, place, place.limits.maxObjectArrayLength);
    items.forEach((item, index) => {
      if (item === null || isObject(item)) return;
      const { path } = itemPlace(place, index);
      throw invalid(`Output ${path} is not an object, got ${classOf(item)} instead at index ${index}.`);
    });
    return items.map((item, index) => (isObject(item) ? members(item, itemPlace(place, index), children) : null));
  },

  'array[boolean]': (value, place) =>
    list(value, place).map((item, index) => {
      if (item === null || typeof item === 'boolean') return item;
      throw invalid(`Output ${place.path}[${index}] is not a boolean, got ${classOf(item)} instead.`);
    }),
} satisfies Record<string, Check>;

const itemPlace = (place: Place, index: number): Place => ({ ...place, path: `${place.path}[${index}]` });

function text(value: Value, { path, limits }: Place): string {
  if (typeof value === 'string') return checkText(value, path, limits);
  throw invalid(`Output ${path} must be a string, got ${typeName(value)} instead.`);
}

function list(value: Value, { path }: Place, maxLength = Number.POSITIVE_INFINITY): Value[] {
  if (!Array.isArray(value)) throw invalid(`Output ${path} is not an array, got ${classOf(value)} instead.`);
  if (value.length <= maxLength) return value;
  throw invalid(`The length of output variable \`${path}\` must be less than ${maxLength} elements.`);
}

function members(object: ValueObject, { path, depth, limits }: Place, children: DeclaredOutput['children']): Value {
  if (children) return checkOutputs(object, children, limits, path, depth + 1);
  checkLooseMembers(object, path, depth + 1, limits);
  return object;
}
