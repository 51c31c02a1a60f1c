import { Float, type Value } from '@millrace/contracts';
import {
  floatValue,
  isInteger,
  isNumber,
  parsePythonFloat,
  parsePythonInt,
  pythonJson,
  pythonStrip,
  toDouble,
} from '@millrace/graph';
import { arg } from './arguments.js';
import { order } from './arithmetic.js';
import { integer } from './methods.js';
import { defined, isMapping, mapping, Undefined, type Item, type Named } from './runtime.js';

const sortedKeys = (value: Value): Value => {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isMapping(value)) return value;
  const keys = Object.keys(value).sort((a, b) => order(a, b));
  return mapping(keys.map((key): [string, Item] => [key, sortedKeys(value[key] as Value)]));
};
const unicodeEscape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
/** JSON with sorted keys, fit for HTML. */
export const tojson = (input: Item, args: Item[], named: Named): Item => {
  const indent = arg(args, named, 0, 'indent');
  const json = pythonJson(sortedKeys(defined(input)), indent === undefined || indent === null ? 0 : integer(indent, 0));
  return json.replace(/[<>&'\u007f-\uffff]/g, (char) => (char === '\u007f' ? char : unicodeEscape(char)));
};

/** `int`: the number in a value, or the default. */
export const toInteger = (input: Item, args: Item[], named: Named): Item => {
  const fallback = arg(args, named, 0, 'default') ?? 0;
  if (typeof input === 'boolean') return Number(input);
  if (typeof input === 'string') {
    const base = integer(arg(args, named, 1, 'base'), 10);
    if (base !== 10) {
      const parsed = parseInt(pythonStrip(input).replace(/^0[xob]/i, ''), base);
      return Number.isNaN(parsed) ? fallback : parsed;
    }
    const whole = parsePythonInt(input);
    if (whole !== undefined) return whole;
    const real = parsePythonFloat(input);
    return real === undefined || !Number.isFinite(real) ? fallback : Math.trunc(real);
  }
  if (input instanceof Undefined || input === null || !isNumber(input as Value)) return fallback;
  const number = input as number | bigint | Float;
  if (isInteger(number)) return number;
  const real = toDouble(number);
  return Number.isFinite(real) ? Math.trunc(real) : fallback;
};

/** `float`: the number in a value, or the default. */
export const toFloat = (input: Item, args: Item[], named: Named): Item => {
  const fallback = arg(args, named, 0, 'default') ?? new Float(0);
  if (typeof input === 'boolean') return new Float(Number(input));
  if (typeof input === 'string') {
    const parsed = parsePythonFloat(input);
    return parsed === undefined ? fallback : floatValue(parsed);
  }
  if (input instanceof Undefined || input === null || !isNumber(input as Value)) return fallback;
  return floatValue(toDouble(input as number | bigint | Float));
};
