import { Float } from '@millrace/contracts';
import {
  floatValue,
  integerValue,
  isInteger,
  parsePythonFloat,
  parsePythonInt,
  pythonNumeral,
  toDouble,
} from '@millrace/graph';
import { asNumber } from './arithmetic.js';
import { compareText } from './comparison.js';
import { TemplateError } from './errors.js';
import { filter, type Filter } from './filter.js';
import { boundedText, maxTextLength, spend } from './meter.js';
import { print } from './printing.js';
import { fixedText } from './round.js';
import {
  defined,
  entriesOf,
  integer,
  isList,
  isMapping,
  isTrue,
  kindOf,
  Markup,
  plain,
  Undefined,
  View,
  type Item,
} from './runtime.js';

const unicodeEscape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
const jsonText = (text: string) =>
  JSON.stringify(text).replace(/[<>&'\u007f-\uffff]/g, (char) => (char === '\u007f' ? char : unicodeEscape(char)));

/** JSON with sorted keys, fit for HTML. */
class JsonWriter {
  private room = maxTextLength;
  constructor(private readonly indent: string) {}

  write(item: Item, depth: number): string {
    spend(3);
    const value = plain(item);
    if (typeof value === 'string') return this.fits(jsonText(value));
    if (value === null || typeof value === 'boolean') return this.fits(String(value));
    if (isList(value) && !(value instanceof View))
      return this.block(
        '[]',
        value.map((each) => this.write(each, depth + 1)),
        depth,
      );
    if (isMapping(value)) {
      const members = entriesOf(value)
        .map(([key, member]): [string, Item] => [this.key(key), member])
        .sort(([a], [b]) => compareText(a, b));
      return this.block(
        '{}',
        members.map(([key, member]) => `${this.fits(jsonText(key))}: ${this.write(member, depth + 1)}`),
        depth,
      );
    }
    const number = asNumber(value);
    if (number === undefined) throw new TemplateError(`Object of type ${kindOf(value)} is not JSON serializable`);
    const text = print(number);
    return this.fits({ nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' }[text] ?? text);
  }

  private key(key: Item): string {
    if (typeof key === 'string') return key;
    if (key === null || typeof key === 'boolean') return String(key);
    if (asNumber(key) !== undefined) return print(key);
    throw new TemplateError(`keys must be str, int, float, bool or None, not ${kindOf(key)}`);
  }

  private block([open = '', close = '']: string, parts: string[], depth: number): string {
    if (parts.length === 0) return this.fits(open + close);
    if (this.indent === '') {
      this.fits('  '.repeat(parts.length));
      return `${open}${parts.join(', ')}${close}`;
    }
    const line = `\n${this.indent.repeat(depth)}`;
    this.take((line.length + this.indent.length) * (parts.length + 1));
    return `${open}${line}${this.indent}${parts.join(`,${line}${this.indent}`)}${line}${close}`;
  }

  private fits(text: string): string {
    this.take(text.length);
    return text;
  }
  private take(length: number): void {
    this.room -= length;
    if (this.room < 0) throw new TemplateError(`A text in the template exceeds ${maxTextLength} characters`);
  }
}

const tojson = filter('indent', (input, [indent]) => {
  const width = indent === undefined || indent === null ? 0 : integer(indent, 0);
  const pad = width > 0 ? boundedText(width, () => ' '.repeat(width)) : '';
  const text = new JsonWriter(pad).write(input, 0);
  return new Markup(boundedText(text.length, () => text));
});

/** `int`: the number in a value, or the default. */
const toInteger = filter('default base', (input, [fallback = 0, base]) => {
  if (typeof input === 'string') {
    const radix = integer(base, 10);
    const whole = radix === 10 ? parsePythonInt(input) : parseRadix(input, radix);
    if (whole !== undefined) return whole;
    const real = parsePythonFloat(input);
    return real === undefined || !Number.isFinite(real) ? fallback : integerValue(BigInt(Math.trunc(real)));
  }
  const number = asNumber(defined(input));
  if (number === undefined) return fallback;
  if (isInteger(number)) return number;
  const real = toDouble(number);
  return Number.isFinite(real) ? integerValue(BigInt(Math.trunc(real))) : fallback;
});

const radixPrefixes: Record<number, RegExp> = { 2: /^0b/i, 8: /^0o/i, 16: /^0x/i };
function parseRadix(text: string, radix: number): number | bigint | undefined {
  const match = /^([+-]?)(\w{1,5000})$/.exec(pythonNumeral(text).replace(/(?<=[^\W_])_(?=[^\W_])/g, ''));
  if (!match) return undefined;
  const prefix = Object.entries(radixPrefixes).find(([, pattern]) => pattern.test(match[2] ?? ''));
  const usable = radix === 0 ? Number(prefix?.[0] ?? 10) : radix;
  if (usable < 2 || usable > 36) return undefined;
  const digits = (match[2] ?? '').replace(radixPrefixes[usable] ?? /^$/, '').toLowerCase();
  let value = 0n;
  for (const digit of digits) {
    const at = parseInt(digit, 36);
    if (!(at < usable)) return undefined;
    value = value * BigInt(usable) + BigInt(at);
  }
  return digits === '' ? undefined : integerValue(match[1] === '-' ? -value : value);
}

/** `float`: the number in a value, or the default. */
const toFloat = filter('default', (input, [fallback = new Float(0)]) => {
  if (typeof input === 'string') {
    const parsed = parsePythonFloat(input);
    return parsed === undefined ? fallback : floatValue(parsed);
  }
  const number = asNumber(defined(input));
  return number === undefined ? fallback : floatValue(toDouble(number));
});

const units = ['B', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const filesizeformat = filter('binary', (input, [binary]) => {
  const number = typeof input === 'string' ? parsePythonFloat(input) : asNumber(defined(input));
  if (number === undefined) throw new TemplateError(`could not convert ${print(input)} to float`);
  const size = typeof number === 'number' ? number : toDouble(number);
  const isBinary = binary !== undefined && isTrue(binary);
  const base = isBinary ? 1024 : 1000;
  if (size === 1) return '1 Byte';
  if (size < base) return `${Math.trunc(size)} Bytes`;
  let step = 1;
  while (step < units.length - 1 && size >= base ** (step + 1)) step += 1;
  const unit = isBinary ? `${(units[step] ?? '').toUpperCase()}iB` : `${units[step]}B`;
  return `${fixedText((base * size) / base ** (step + 1), 1)} ${unit}`;
});

const defaults = filter(
  'default_value boolean',
  (input, [value = '', boolean]) =>
    input instanceof Undefined || (boolean !== undefined && isTrue(boolean) && !isTrue(input)) ? value : input,
  { keepsMarkup: true },
);

/** Filters that make one kind of value from another. */
export const conversionFilters: Readonly<Record<string, Filter>> = {
  d: defaults,
  default: defaults,
  filesizeformat,
  float: toFloat,
  int: toInteger,
  tojson,
};
