import { Float, type Value } from '@millrace/contracts';
import { formatFloat } from './numbers.js';
import { isInteger, isNumber, isObject } from './types.js';

/** Python's truth test. */
export function truthy(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Float) return value.value !== 0;
  if (typeof value === 'number') return value !== 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

const off = new Set(['', '0', 'off', 'f', 'false', 'n', 'no']);

/** A switch of a file: in quotes it means what it says. */
export const isOn = (value: Value | undefined): boolean =>
  typeof value === 'string' ? !off.has(value.toLowerCase()) : truthy(value ?? null);

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/gu;

function escapeUnprintable(char: string): string {
  if (char === ' ') return char;
  const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[char];
  if (named) return named;
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);
  return quote + escaped.replace(unprintable, escapeUnprintable) + quote;
}

/** Digits of any number, integers plain, floats as Python prints them. */
export function numberText(value: number | bigint | Float): string {
  if (value instanceof Float) return formatFloat(value.value);
  if (!isInteger(value)) return formatFloat(value);
  return value === 0 ? '0' : value.toString();
}

/** Python's `repr`. */
export function pythonRepr(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return reprText(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (isNumber(value)) return numberText(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  const members = Object.entries(value).map(([key, member]) => `${reprText(key)}: ${pythonRepr(member)}`);
  return `{${members.join(', ')}}`;
}

/** Python's `str`. */
export const pythonStr = (value: Value): string => (typeof value === 'string' ? value : pythonRepr(value));

/** Booleans count as 1 and 0; anything without a number is `undefined`. */
function numeric(value: Value): number | bigint | undefined {
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof Float) return value.value;
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
}

/** Counts work in steps: one per value that is looked at, two per name of a mapping, one per 16 characters of text. It throws when they are too many. */
export type SpendSteps = (steps: number) => void;

/**
 * Python's `==`: `1 == 1.0 == True`; lists and mappings deeply; text never equals a number.
 * @param spend counts the work
 */
export function pythonEquals(a: Value, b: Value, spend?: SpendSteps): boolean {
  spend?.(typeof a === 'string' && typeof b === 'string' && a.length === b.length ? 1 + a.length / 16 : 1);
  const x = numeric(a);
  const y = numeric(b);
  // Unlike `===`, the order operators compare a bigint with a double by value.
  if (x !== undefined && y !== undefined) return x <= y && x >= y;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => pythonEquals(item, b[i] as Value, spend));
  }
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    const others = Object.keys(b);
    spend?.(2 * (keys.length + others.length));
    if (keys.length !== others.length) return false;
    return keys.every((key) => Object.hasOwn(b, key) && pythonEquals(a[key] as Value, b[key] as Value, spend));
  }
  return a === b;
}
