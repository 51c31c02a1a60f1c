import { Float, type JsonText, type Value, type ValueObject } from '@millrace/contracts';
import { NotReadable, readExactly } from './exact-json.js';
import { formatFloat, maxIntegerDigits } from './numbers.js';
import { toDouble } from './types.js';

/**
 * Finds numbers that plain `JSON.parse` would not keep: integral floats (`1.0`), exponents, 16 and
 * more digits, and long fractions that may round to an integer. A hit inside a string only costs time.
 */
const delicateNumber = /(?:^|[[:,\s])-?(?:\d+\.0+(?!\d)|\d+(?:\.\d+)?[eE]|\d{16}|(?=[\d.]{16})\d+\.[09])/;

/** A cheaper look that most texts end with: without a hit here there is none above either. */
const suspiciousDigits = /\d(?:\.[09]|[eE][-+\d]|\d{15})/;

const needsSource = (text: JsonText): boolean => suspiciousDigits.test(text) && delicateNumber.test(text);

/** A key that JavaScript would put first and sort; a hit inside a string only costs time. */
const wholeNumberKey = /"\d{1,10}"\s*:/;

/** In longer texts whole numbers come first, as JavaScript sorts them: to keep the order of so many takes too long. */
const mostOrdered = 256 * 1024;

type Reviver = (key: string, value: Value, context: { source?: string }) => Value;

/** The reviver's third argument (ES2026) is not in TypeScript's library yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => Value;

/** A double as a value: integral ones are tagged, so that they stay floats. */
export const floatValue = (n: number): number | Float => (Number.isInteger(n) ? new Float(n) : n);

/** An integer as a value: `bigint` only beyond 2^53. */
export function integerValue(n: bigint): number | bigint {
  return n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n;
}

function numberOf(source: string): Value {
  const value = Number(source);
  if (/[.eE]/.test(source)) return floatValue(value);
  if (Number.isSafeInteger(value)) return value;
  if (source.length > maxIntegerDigits + 1)
    throw new SyntaxError(`An integer has more than ${maxIntegerDigits} digits`);
  return BigInt(source);
}

const keepNumbers: Reviver = (_key, value, { source }) =>
  typeof value !== 'number' || source === undefined ? value : numberOf(source);

/**
 * Reads JSON without losing the kind of a number: `1.0` is a `Float`, integers beyond 2^53 are
 * `bigint`s. Keys keep their order (`mostOrdered`). Accepts `NaN` and `±Infinity` as Python does. Throws `SyntaxError` for other bad text.
 */
export function parseJson(text: JsonText): Value {
  const keepsOrder = text.length <= mostOrdered && wholeNumberKey.test(text);
  if (keepsOrder || needsSource(text)) return parseExactly(text, keepsOrder);
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return parseExactly(text, keepsOrder);
  }
}

function parseExactly(text: JsonText, keepsOrder: boolean): Value {
  try {
    return readExactly(text, numberOf, keepsOrder);
  } catch (error) {
    if (!(error instanceof NotReadable)) throw error;
    // It names the place of the mistake, and reads what is nested deeper.
    return parseWithSource(text, keepNumbers);
  }
}

/** Whether plain `JSON.stringify` would change some number. */
function needsExactNumbers(value: Value): boolean {
  switch (typeof value) {
    case 'number':
      return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
    case 'bigint':
      return true;
    case 'object': {
      if (value === null) return false;
      if (value instanceof Float) return true;
      if (Array.isArray(value)) return value.some(needsExactNumbers);
      for (const key in value) if (needsExactNumbers(value[key] as Value)) return true;
      return false;
    }
    default:
      return false;
  }
}

/** How NaN and infinities are written. */
type NonFiniteText = (n: number) => string;

/** Writes what plain `JSON.stringify` cannot; keys without a value are left out, as there. */
function exactText(value: Value | undefined, nonFinite: NonFiniteText): string {
  if (value === undefined) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && Number.isSafeInteger(value)) return JSON.stringify(value);
  if (typeof value === 'number' || value instanceof Float) {
    const n = toDouble(value);
    return Number.isFinite(n) ? formatFloat(n) : nonFinite(n);
  }
  if (Array.isArray(value)) return `[${value.map((item) => exactText(item, nonFinite)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value as Partial<ValueObject>)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${JSON.stringify(key)}:${exactText(member, nonFinite)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Writes JSON that `parseJson` reads without loss, except that NaN and infinities become `null`: JSON has none. */
export function stringifyJson(value: Value): JsonText {
  return needsExactNumbers(value) ? exactText(value, () => 'null') : JSON.stringify(value);
}

/** As `stringifyJson`, but with bare `NaN` and `±Infinity` as Python writes them. For us and for Python; see `publicJson`. */
export function exactJson(value: Value): JsonText {
  return needsExactNumbers(value) ? exactText(value, String) : JSON.stringify(value);
}

/** The text of `exactJson` as JSON for everybody. */
export const publicJson = (text: JsonText): JsonText =>
  text.includes('NaN') || text.includes('Infinity') ? stringifyJson(parseJson(text)) : text;
