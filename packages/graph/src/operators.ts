import { Float, type Value } from '@millrace/contracts';
import { parsePythonFloat, parsePythonInt } from './values/numbers.js';
import { pythonEquals, pythonRepr, pythonStr, truthy, type SpendSteps } from './values/python.js';
import { includesText, shortPart } from './values/search.js';
import { isInteger, isNumber, isObject, toDouble, typeName, valueType } from './values/types.js';

/** A condition that cannot be decided; its message fails the node. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
}

const fail = (message: string): never => {
  throw new ConditionError(message);
};

/** Most steps of the conditions of one node, so that it takes less than a second: text of 64 million characters, for example. */
const maxSteps = 4_000_000;

/** Counts the work of conditions. It throws `ConditionError` when it is too much: many may look at the same long value. */
export function stepBudget(): SpendSteps {
  let left = maxSteps;
  return (steps) => {
    left -= steps;
    if (left < 0) fail(`The conditions take more than ${maxSteps} steps`);
  };
}

const isIn = (item: Value, list: Value[], spend: SpendSteps): boolean =>
  list.some((each) => pythonEquals(each, item, spend));

function hasPart(value: string, part: string, spend: SpendSteps): boolean {
  // Long parts take another search.
  spend((value.length + part.length) / (part.length > shortPart ? 8 : 16));
  return includesText(value, part);
}

function contains(value: Value, expected: Value, spend: SpendSteps): boolean {
  if (typeof value === 'string') return hasPart(value, pythonStr(expected), spend);
  return Array.isArray(value) ? isIn(expected, value, spend) : fail('Invalid actual value type: string or array');
}

function affix(
  value: Value,
  expected: Value,
  spend: SpendSteps,
  matches: (value: string, expected: string) => boolean,
): boolean {
  if (typeof value !== 'string') return fail('Invalid actual value type: string');
  if (typeof expected !== 'string') return fail('Expected value must be a string');
  spend(expected.length / 16);
  return matches(value, expected);
}

function is(value: Value, expected: Value, spend: SpendSteps): boolean {
  if (typeof value !== 'string' && typeof value !== 'boolean') {
    return fail('Invalid actual value type: string or boolean');
  }
  return pythonEquals(value, expected, spend);
}

const inList = (value: Value, expected: Value, spend: SpendSteps): boolean =>
  Array.isArray(expected) ? isIn(value, expected, spend) : fail('Invalid expected value type: array');

function allOf(value: Value, expected: Value, spend: SpendSteps): boolean {
  const uniform = ['array[string]', 'array[boolean]'];
  if (!Array.isArray(expected) || (expected.length > 0 && !uniform.includes(valueType(expected)))) {
    return fail('Invalid expected value type: array of strings or booleans');
  }
  if (Array.isArray(value)) return expected.every((item) => isIn(item, value, spend));
  return typeof value === 'string' && expected.every((item) => typeof item === 'string' && hasPart(value, item, spend));
}

/** Expected value of `=` and `≠`, read in the kind of the actual one. */
function asInteger(expected: Value): Value {
  if (typeof expected === 'boolean') return Number(expected);
  if (isInteger(expected)) return expected;
  if (isNumber(expected)) return Math.trunc(toDouble(expected));
  if (typeof expected !== 'string') return fail(`Cannot convert <class '${typeName(expected)}'> to int`);
  return parsePythonInt(expected) ?? fail(`invalid literal for int() with base 10: ${pythonRepr(expected)}`);
}

function asDouble(expected: Value): number | undefined {
  if (typeof expected === 'boolean') return Number(expected);
  if (isNumber(expected)) return toDouble(expected);
  return typeof expected === 'string' ? parsePythonFloat(expected) : undefined;
}

function equal(value: Value, expected: Value): boolean {
  if (typeof value === 'boolean') {
    if (expected === null || typeof expected === 'object')
      return fail(`Cannot convert <class '${typeName(expected)}'> to bool`);
    return value === truthy(expected);
  }
  if (!isNumber(value)) return fail('Invalid actual value type: number or boolean');
  if (isInteger(value)) return pythonEquals(value, asInteger(expected));
  const number = asDouble(expected);
  if (number !== undefined) return toDouble(value) === number;
  if (typeof expected !== 'string') return fail(`Cannot convert <class '${typeName(expected)}'> to float`);
  return fail(`could not convert string to float: ${pythonRepr(expected)}`);
}

/** Sign of value - expected; NaN when they cannot be ordered. */
function compare(value: Value, expected: Value): number {
  const actual = typeof value === 'boolean' ? Number(value) : value;
  if (!isNumber(actual)) return fail('Invalid actual value type: number');
  const number = asDouble(expected);
  if (number === undefined) return fail(`Cannot convert '${pythonStr(expected)}' to number`);
  const left = actual instanceof Float ? actual.value : actual;
  if (Number.isNaN(Number(left)) || Number.isNaN(number)) return Number.NaN;
  return left < number ? -1 : left > number ? 1 : 0;
}

/** What an operator says of a null and of another falsy value; `undefined` = apply the rule (dsl 4.5). */
interface Operator {
  ofNull: boolean;
  ofFalsy?: boolean;
  rule(value: Value, expected: Value, spend: SpendSteps): boolean;
}

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['contains', { ofNull: false, ofFalsy: false, rule: contains }],
  ['not contains', { ofNull: true, ofFalsy: true, rule: (v, e, spend) => !contains(v, e, spend) }],
  [
    'start with',
    { ofNull: false, ofFalsy: false, rule: (v, e, spend) => affix(v, e, spend, (a, b) => a.startsWith(b)) },
  ],
  ['end with', { ofNull: false, ofFalsy: false, rule: (v, e, spend) => affix(v, e, spend, (a, b) => a.endsWith(b)) }],
  ['is', { ofNull: false, rule: is }],
  ['is not', { ofNull: false, rule: (v, e, spend) => !is(v, e, spend) }],
  ['empty', { ofNull: true, ofFalsy: true, rule: () => false }],
  ['not empty', { ofNull: false, ofFalsy: false, rule: () => true }],
  ['in', { ofNull: false, ofFalsy: false, rule: inList }],
  ['not in', { ofNull: true, ofFalsy: true, rule: (v, e, spend) => !inList(v, e, spend) }],
  ['all of', { ofNull: false, ofFalsy: false, rule: allOf }],
  ['=', { ofNull: false, rule: equal }],
  ['≠', { ofNull: false, rule: (v, e) => !equal(v, e) }],
  ['>', { ofNull: false, rule: (v, e) => compare(v, e) > 0 }],
  ['<', { ofNull: false, rule: (v, e) => compare(v, e) < 0 }],
  ['≥', { ofNull: false, rule: (v, e) => compare(v, e) >= 0 }],
  ['≤', { ofNull: false, rule: (v, e) => compare(v, e) <= 0 }],
  ['null', { ofNull: true, rule: () => false }],
  ['not null', { ofNull: false, rule: () => true }],
  ['exists', { ofNull: false, rule: () => true }],
  ['not exists', { ofNull: true, rule: () => false }],
]);

/**
 * Applies one operator. `expected` is already rendered and, for booleans, converted.
 * Throws `ConditionError` where the node must fail.
 */
export function evaluateCondition(
  value: Value,
  operator: string,
  expected: Value,
  spend: SpendSteps = stepBudget(),
): boolean {
  const known = operators.get(operator);
  if (!known) return fail(`Unsupported operator: ${operator}`);
  if (value === null) return known.ofNull;
  // To know whether it is empty all names of a mapping are listed, as they are here.
  spend(1 + (isObject(value) ? 4 * Object.keys(value).length : 0));
  if (known.ofFalsy !== undefined && !truthy(value)) return known.ofFalsy;
  return known.rule(value, expected, spend);
}
