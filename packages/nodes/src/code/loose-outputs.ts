import type { Value, ValueObject } from '@millrace/contracts';
import { isNumber, isObject } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { CodeOutputLimits } from './limits.js';
import { checkNumber, checkText, invalid } from './scalar-outputs.js';

/** @throws NodeFailure beyond the deepest level */
export function checkDepth(depth: number, { maxDepth }: CodeOutputLimits): void {
  if (depth > maxDepth) {
    throw new NodeFailure(`Depth limit ${maxDepth} reached, object too deep.`, 'DepthLimitError');
  }
}

export const memberPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/**
 * Checks the members of an object that nobody described: texts and numbers by the usual limits, lists for one kind of
 * item. Nothing is changed. @throws NodeFailure
 */
export function checkLooseMembers(object: ValueObject, path: string, depth: number, limits: CodeOutputLimits): void {
  checkDepth(depth, limits);
  for (const [name, value] of Object.entries(object)) checkLoose(value, memberPath(path, name), depth, limits);
}

function checkLoose(value: Value, path: string, depth: number, limits: CodeOutputLimits): void {
  if (isObject(value)) checkLooseMembers(value, path, depth + 1, limits);
  else if (isNumber(value)) checkNumber(value, path, limits);
  else if (typeof value === 'string') checkText(value, path, limits);
  else if (Array.isArray(value)) checkLooseList(value, path, depth, limits);
}

type Kind = 'number' | 'text' | 'object' | 'list';

/** Booleans are numbers, as in Python. */
function kindOf(value: Value): Kind {
  if (typeof value === 'string') return 'text';
  if (Array.isArray(value)) return 'list';
  return isObject(value) ? 'object' : 'number';
}

/** The first item sets the kind of all; nulls fit everywhere, and a null in front leaves the list unchecked. */
function checkLooseList(list: Value[], path: string, depth: number, limits: CodeOutputLimits): void {
  const [first = null] = list;
  if (first === null) return;
  const kind = kindOf(first);
  if (!list.every((item) => item === null || kindOf(item) === kind)) {
    throw invalid(`Output ${path} is not a valid array. make sure all elements are of the same type.`);
  }
  list.forEach((item, index) => {
    if (Array.isArray(item)) checkDepth(depth + 1, limits);
    checkLoose(item, `${path}[${index}]`, Array.isArray(item) ? depth + 1 : depth, limits);
  });
}
