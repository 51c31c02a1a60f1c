import { Float, type JsonText, type Value, type ValueObject } from '@millrace/contracts';
import { formatFloat, maxIntegerDigits } from './numbers.js';

/**
 * Finds numbers that plain `JSON.parse` would not keep: integral floats (`1.0`), exponents, 16 and
 * more digits, and long fractions that may round to an integer. A hit inside a string only costs time.
 */
const delicateNumber = /(?:^|[[:,\s])-?(?:\d+\.0+(?!\d)|\d+(?:\.\d+)?[eE]|\d{16}|(?=[\d.]{16})\d+\.[09])/;

/** A cheaper look that most texts end with: without a hit here there is none above either. */
const suspiciousDigits = /\d(?:\.[09]|[eE][-+\d]|\d{15})/;

const needsSource = (text: JsonText): boolean => suspiciousDigits.test(text) && delicateNumber.test(text);

/** Bare `NaN` and `Infinity`, which Python reads and writes, and what tells whether a place is inside a string. */
const nonFiniteOrMark = /\\[^]|"|-?Infinity|NaN/g;

/** Stands for NaN on its way through `JSON.parse`; nobody writes such a zero. */
const nanSource = '-0.000e-999';

type Reviver = (key: string, value: Value, context: { source?: string }) => Value;

/** The reviver's third argument (ES2026) is not in TypeScript's library yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => Value;

/** A double as a value: integral ones are tagged, so that they stay floats. */
export const floatValue = (n: number): number | Float => (Number.isInteger(n) ? new Float(n) : n);

/** An integer as a value: `bigint` only beyond 2^53. */
export function integerValue(n: bigint): number | bigint {
  return n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n;
}

const keepNumbers: Reviver = (_key, value, { source }) => {
  if (typeof value !== 'number' || source === undefined) return value;
  if (source === nanSource) return Number.NaN;
  if (/[.eE]/.test(source)) return floatValue(value);
  if (Number.isSafeInteger(value)) return value;
  if (source.length > maxIntegerDigits + 1)
    throw new SyntaxError(`An integer has more than ${maxIntegerDigits} digits`);
  return BigInt(source);
};

/**
 * Reads JSON without losing the kind of a number: `1.0` is a `Float`, integers beyond 2^53 are
 * `bigint`s. Accepts `NaN` and `±Infinity` as Python does. Throws `SyntaxError` for other bad text.
 */
export function parseJson(text: JsonText): Value {
  try {
    return needsSource(text) ? parseWithSource(text, keepNumbers) : (JSON.parse(text) as Value);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    let inString = false;
    const readable = text.replace(nonFiniteOrMark, (token) => {
      if (token === '"') inString = !inString;
      if (inString || token === '"' || token.startsWith('\\')) return token;
      return token === 'NaN' ? nanSource : token.startsWith('-') ? '-1e999' : '1e999';
    });
    return parseWithSource(readable, keepNumbers);
  }
}

/** Whether plain `JSON.stringify` would change the kind of some number. */
function needsExactNumbers(value: Value): boolean {
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) && !Number.isSafeInteger(value);
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

const finiteText = (n: number): string => (Number.isFinite(n) ? formatFloat(n) : 'null');

/** Writes what plain `JSON.stringify` cannot; keys without a value are left out, as there. */
function exactText(value: Value | undefined): string {
  if (value === undefined) return 'null';
  if (value instanceof Float) return finiteText(value.value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isSafeInteger(value) ? JSON.stringify(value) : finiteText(value);
  if (Array.isArray(value)) return `[${value.map(exactText).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value as Partial<ValueObject>)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${JSON.stringify(key)}:${exactText(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Writes a value so that `parseJson` gives it back; NaN and infinities become `null`. */
export function stringifyJson(value: Value): JsonText {
  return needsExactNumbers(value) ? exactText(value) : JSON.stringify(value);
}
