import { isInteger, isNumber, pythonRepr, toDouble } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { boundedText, maxTextLength, spend, spendText } from './meter.js';
import { character, formatValue, pad, radixText, realText, type Numeric } from './number-format.js';
import { print, repr } from './printing.js';
import {
  defined,
  isList,
  isMapping,
  isSpecial,
  kindOf,
  Tuple,
  Undefined,
  valueAt,
  type Item,
  type Named,
} from './runtime.js';

const ascii = (text: string) =>
  text.replace(/[^\0-\x7f]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return code < 0x100 ? `\\x${hex}` : code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  });

const placeholder = /%(?:\(([^)]{0,200})\))?([-+0 #]*)(\*|\d{1,9})?(?:\.(\*|\d{1,9}))?[hlL]?([\s\S])?/g;

/** Python's `text % values`: a tuple fills placeholders in turn, a mapping by name, anything else the only one. */
export function formatPercent(text: string, values: Item): string {
  const positional: readonly Item[] = values instanceof Tuple ? values : [values];
  const mapping = isMapping(values) ? values : undefined;
  let used = 0;
  const next = (): Item => {
    if (used >= positional.length) throw new TemplateError('not enough arguments for format string');
    return positional[used++] as Item;
  };
  spendText(text.length);
  // All placeholders are looked for, each for a name, before the first is filled.
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + 1)) spend(4);
  let size = text.length;
  const result = text.replace(placeholder, (_, ...groups: (string | undefined)[]) => {
    const [name, flags = '', width = '0', digits, type] = groups;
    spend(2);
    if (type === undefined) throw new TemplateError('incomplete format');
    if (type === '%') return '%';
    const number = (given: string) => (given === '*' ? Number(next()) : Number(given));
    const columns = number(width);
    const precision = digits === undefined ? undefined : number(digits);
    if (!(columns <= maxTextLength) || !((precision ?? 0) <= maxTextLength))
      throw new TemplateError(`A text in the template exceeds ${maxTextLength} characters`);
    if (name !== undefined && !mapping) throw new TemplateError('format requires a mapping');
    const value = name === undefined || !mapping ? next() : valueAt(mapping, name);
    if (value === undefined) throw new TemplateError(`KeyError: '${name}'`);
    const made = one(value, type, flags, columns, precision);
    size += made.length;
    return boundedText(size, () => made);
  });
  // Python lets a list or mapping go unused.
  if (used < positional.length && (values instanceof Tuple || !(isList(values) || mapping)))
    throw new TemplateError('not all arguments converted during string formatting');
  return result;
}

function one(value: Item, type: string, flags: string, columns: number, precision: number | undefined): string {
  const align = flags.includes('-') ? '<' : '>';
  if ('sra'.includes(type)) {
    const text = type === 's' ? print(value) : type === 'r' ? repr(value) : ascii(repr(value));
    return pad(precision === undefined ? text : [...text].slice(0, precision).join(''), columns, align, ' ');
  }
  const item = defined(value);
  if (type === 'c') {
    const char =
      typeof item === 'string' && [...item].length === 1
        ? item
        : typeof item === 'boolean' || isInteger(item as number)
          ? character(Number(item))
          : undefined;
    if (char === undefined) throw new TemplateError('%c requires int or char');
    return pad(char, columns, align, ' ');
  }
  const number = typeof item === 'boolean' ? Number(item) : item;
  const isNumeric = !isSpecial(number) && isNumber(number as number);
  let [body, prefix] = ['', ''];
  if ('diuoxX'.includes(type)) {
    if (!isNumeric) throw new TemplateError(`%${type} format: a real number is required, not ${kindOf(value)}`);
    const whole = number as Numeric;
    if (!isInteger(whole) && 'oxX'.includes(type))
      throw new TemplateError(`%${type} format: an integer is required, not float`);
    if (!Number.isFinite(toDouble(whole)) && !isInteger(whole))
      throw new TemplateError('cannot convert float infinity to integer');
    const parts = radixText(isInteger(whole) ? whole : BigInt(Math.trunc(toDouble(whole))), type);
    body = parts.digits.padStart(precision ?? 0, '0');
    prefix = flags.includes('#') ? parts.prefix : '';
  } else if ('eEfFgG'.includes(type)) {
    if (!isNumeric) throw new TemplateError(`must be real number, not ${kindOf(value)}`);
    body = realText(toDouble(number as Numeric), type, precision ?? 6, flags.includes('#'));
  } else {
    throw new TemplateError(`unsupported format character '${type}' (${pythonRepr(type)})`);
  }
  const x = toDouble(number as Numeric);
  const negative = x < 0 && !(!isInteger(number as Numeric) && 'diu'.includes(type) && Math.trunc(x) === 0);
  const sign =
    negative || (Object.is(x, -0) && 'eEfFgG'.includes(type))
      ? '-'
      : flags.includes('+')
        ? '+'
        : flags.includes(' ')
          ? ' '
          : '';
  const lead = sign + prefix;
  if (align === '>' && flags.includes('0')) return lead + pad(body, columns - lead.length, '>', '0');
  return pad(lead + body, columns, align, ' ');
}

/** How a field such as `{0.name[key]}` is looked into. */
export interface Access {
  member(item: Item, name: string): Item;
  item(item: Item, index: Item): Item;
}

/** Python's `text.format(…)`: `{}`, `{0}`, `{name}`, members and items, conversions, specifications. */
export function formatBraces(text: string, args: readonly Item[], named: Named, access: Access): string {
  let automatic = 0;
  spendText(text.length);
  const field = (name: string): Item => {
    const path = /^([^.[]*)((?:\.[^.[]+|\[[^\]]*\])*)$/.exec(name);
    if (!path) throw new TemplateError('Invalid field in format string');
    const first = path[1] ?? '';
    const key = first === '' ? automatic++ : /^\d{1,9}$/.test(first) ? Number(first) : first;
    let item = typeof key === 'number' ? args[key] : Object.hasOwn(named, key) ? named[key] : undefined;
    if (item === undefined)
      throw new TemplateError(
        typeof key === 'number'
          ? `Replacement index ${key} out of range for positional args tuple`
          : `KeyError: '${key}'`,
      );
    for (const [, member, index] of (path[2] ?? '').matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
      const at = index !== undefined && /^\d{1,9}$/.test(index) ? Number(index) : (index ?? '');
      item = strict(member === undefined ? access.item(item, at) : access.member(item, member));
    }
    return item;
  };
  let out = '';
  let size = 0;
  const add = (part: string) => {
    size += part.length;
    out += boundedText(size, () => part);
  };
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    const open = char === '{';
    if (!open && char !== '}') {
      const next = nextBrace(text, at);
      add(text.slice(at, next));
      at = next;
      continue;
    }
    if (text.charAt(at + 1) === char) {
      add(char);
      at += 2;
      continue;
    }
    if (!open) throw new TemplateError("Single '}' encountered in format string");
    const end = closing(text, at);
    const [, name = '', conversion, spec = ''] =
      /^([^!:]*)(?:!([\s\S]))?(?::([\s\S]*))?$/.exec(text.slice(at + 1, end)) ?? fail();
    const item = field(name);
    const inner = spec.includes('{') ? spec.replace(/\{([^{}]*)\}/g, (_, path: string) => print(field(path))) : spec;
    const converted =
      conversion === undefined
        ? item
        : conversion === 's'
          ? print(item)
          : conversion === 'r'
            ? repr(item)
            : conversion === 'a'
              ? ascii(repr(item))
              : fail();
    add(formatValue(converted, inner));
    at = end + 1;
  }
  return out;
}

const strict = (item: Item): Item => {
  if (item instanceof Undefined) throw new TemplateError(item.message);
  return item;
};
function fail(): never {
  throw new TemplateError('Invalid replacement field in format string');
}
function nextBrace(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) if (text.charAt(at) === '{' || text.charAt(at) === '}') return at;
  return text.length;
}
function closing(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text.charAt(at) === '{') depth += 1;
    if (text.charAt(at) === '}' && (depth -= 1) === 0) return at;
  }
  throw new TemplateError("expected '}' before end of string");
}
