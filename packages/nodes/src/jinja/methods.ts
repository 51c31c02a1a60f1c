import type { Value, ValueObject } from '@millrace/contracts';
import { pythonStrip, toDouble, isNumber } from '@millrace/graph';
import { equals, order } from './arithmetic.js';
import { TemplateError } from './errors.js';
import { fixedText } from './round.js';
import {
  boundedText,
  defined,
  isMapping,
  iterate,
  kindOf,
  list,
  mapping,
  print,
  type Item,
  type Named,
} from './runtime.js';

type Method<T> = (self: T, args: Item[], named: Named) => Item;

/** Names of methods that change a list or mapping in place: values of the run must be copied first. */
export const mutating: ReadonlySet<string> = new Set([
  'append',
  'extend',
  'insert',
  'pop',
  'remove',
  'clear',
  'reverse',
  'sort',
  'update',
  'setdefault',
  'popitem',
]);

const text = (item: Item | undefined, fallback = ''): string =>
  item === undefined || item === null ? fallback : print(item);
const integer = (item: Item | undefined, fallback: number): number => {
  if (item === undefined) return fallback;
  const value = defined(item);
  if (typeof value === 'boolean') return Number(value);
  if (!isNumber(value)) throw new TemplateError(`'${kindOf(item)}' object cannot be interpreted as an integer`);
  return Math.trunc(toDouble(value));
};
const title = (value: string) =>
  value.toLowerCase().replace(/\p{L}+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1));
const stripChars = (value: string, chars: Item | undefined, sides: 'both' | 'left' | 'right'): string => {
  const marker = (part: string) =>
    chars === undefined || chars === null ? pythonStrip(part) === '' : text(chars).includes(part);
  let start = 0;
  let end = value.length;
  if (sides !== 'right') while (start < end && marker(value.charAt(start))) start += 1;
  if (sides !== 'left') while (end > start && marker(value.charAt(end - 1))) end -= 1;
  return value.slice(start, end);
};
const every = (pattern: RegExp) => (value: string) => pattern.test(value);
const cased = (value: string, wanted: string, other: string) => value === wanted && value !== other;

function split(value: string, args: Item[], named: Named, fromRight: boolean): Value {
  const separator = args[0] ?? named['sep'];
  const limit = integer(args[1] ?? named['maxsplit'], -1);
  if (separator === undefined || separator === null) {
    const words = pythonStrip(value)
      .split(/\s+/)
      .filter((word) => word !== '');
    if (limit < 0 || words.length <= limit + 1) return words;
    return fromRight
      ? [value.trim().split(/\s+/).slice(0, -limit).join(' '), ...words.slice(-limit)]
      : [...words.slice(0, limit), words.slice(limit).join(' ')];
  }
  const mark = text(separator);
  if (mark === '') throw new TemplateError('empty separator');
  const parts = value.split(mark);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return fromRight
    ? [parts.slice(0, parts.length - limit).join(mark), ...(limit > 0 ? parts.slice(-limit) : [])]
    : [...parts.slice(0, limit), parts.slice(limit).join(mark)];
}

function partition(value: string, mark: string, at: number): Value {
  return [value.slice(0, at), mark, value.slice(at + mark.length)];
}

/** `"{} {0} {name}".format(…)`, without format specifications beyond a float's digits. */
function format(value: string, args: Item[], named: Named): string {
  let next = 0;
  return value.replace(
    /\{\{|\}\}|\{([\w]*)(?::([^}]*))?\}/g,
    (whole, key: string | undefined, spec: string | undefined) => {
      if (whole === '{{' || whole === '}}') return whole.charAt(0);
      const found = key === '' || key === undefined ? args[next++] : /^\d+$/.test(key) ? args[Number(key)] : named[key];
      if (found === undefined) throw new TemplateError(`Replacement ${whole} has no argument`);
      const digits = /^(,?)\.(\d{1,2})f$/.exec(spec ?? '');
      const number = defined(found);
      if (digits && isNumber(number)) {
        const fixed = fixedText(toDouble(number), Number(digits[2]));
        return digits[1] ? fixed.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',') : fixed;
      }
      if (spec === ',') return print(found).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',');
      if (spec) throw new TemplateError(`Format specification '${spec}' is not supported`);
      return print(found);
    },
  );
}

const find = (value: string, args: Item[], last: boolean): number => {
  const at = last ? value.lastIndexOf(text(args[0])) : value.indexOf(text(args[0]), integer(args[1], 0));
  return at < 0 ? -1 : [...value.slice(0, at)].length;
};
const found = (at: number): number => {
  if (at < 0) throw new TemplateError('substring not found');
  return at;
};
const affix = (item: Item | undefined): string[] =>
  Array.isArray(item) ? item.map((each) => text(each)) : [text(item)];

const ofText: Record<string, Method<string>> = {
  upper: (s) => s.toUpperCase(),
  lower: (s) => s.toLowerCase(),
  casefold: (s) => s.toLowerCase(),
  title: (s) => title(s),
  capitalize: (s) => s.charAt(0).toUpperCase() + s.slice(1).toLowerCase(),
  swapcase: (s) => [...s].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(''),
  strip: (s, [chars]) => stripChars(s, chars, 'both'),
  lstrip: (s, [chars]) => stripChars(s, chars, 'left'),
  rstrip: (s, [chars]) => stripChars(s, chars, 'right'),
  split: (s, args, named) => split(s, args, named, false),
  rsplit: (s, args, named) => split(s, args, named, true),
  splitlines: (s) => {
    const lines = s.split(/\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]/);
    return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  },
  replace: (s, args) => {
    const [from, to] = [text(args[0]), text(args[1])];
    const limit = integer(args[2], -1);
    const parts = s.split(from);
    const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
    return boundedText(s.length + count * to.length, () =>
      limit < 0
        ? s.replaceAll(from, () => to)
        : parts.slice(1).reduce((all, part, i) => all + (i < limit ? to : from) + part, parts[0] ?? ''),
    );
  },
  startswith: (s, [start]) => affix(start).some((each) => s.startsWith(each)),
  endswith: (s, [end]) => affix(end).some((each) => s.endsWith(each)),
  removeprefix: (s, [start]) => (s.startsWith(text(start)) ? s.slice(text(start).length) : s),
  removesuffix: (s, [end]) => (text(end) !== '' && s.endsWith(text(end)) ? s.slice(0, -text(end).length) : s),
  join: (s, [items]) =>
    iterate(items ?? null)
      .map((each) => print(each))
      .join(s),
  format: (s, args, named) => format(s, args, named),
  find: (s, args) => find(s, args, false),
  rfind: (s, args) => find(s, args, true),
  index: (s, args) => found(find(s, args, false)),
  rindex: (s, args) => found(find(s, args, true)),
  count: (s, [part]) => (text(part) === '' ? [...s].length + 1 : s.split(text(part)).length - 1),
  partition: (s, [mark]) => {
    const at = s.indexOf(text(mark));
    return at < 0 ? [s, '', ''] : partition(s, text(mark), at);
  },
  rpartition: (s, [mark]) => {
    const at = s.lastIndexOf(text(mark));
    return at < 0 ? ['', '', s] : partition(s, text(mark), at);
  },
  zfill: (s, [width]) =>
    boundedText(
      integer(width, 0),
      () =>
        (/^[+-]/.exec(s)?.[0] ?? '') +
        s.replace(/^[+-]/, '').padStart(integer(width, 0) - (/^[+-]/.test(s) ? 1 : 0), '0'),
    ),
  ljust: (s, [width, fill]) => boundedText(integer(width, 0), () => s.padEnd(integer(width, 0), text(fill, ' '))),
  rjust: (s, [width, fill]) => boundedText(integer(width, 0), () => s.padStart(integer(width, 0), text(fill, ' '))),
  center: (s, [width, fill]) => {
    const wanted = integer(width, 0);
    const room = Math.max(0, wanted - s.length);
    // Python's rule for an odd rest.
    const left = Math.floor(room / 2) + (room & wanted & 1);
    return boundedText(wanted, () => s.padStart(s.length + left, text(fill, ' ')).padEnd(wanted, text(fill, ' ')));
  },
  isdigit: every(/^\p{Nd}+$/u),
  isnumeric: every(/^\p{N}+$/u),
  isdecimal: every(/^\p{Nd}+$/u),
  isalpha: every(/^\p{L}+$/u),
  isalnum: every(/^[\p{L}\p{N}]+$/u),
  isspace: every(/^\s+$/u),
  islower: (s) => cased(s, s.toLowerCase(), s.toUpperCase()),
  isupper: (s) => cased(s, s.toUpperCase(), s.toLowerCase()),
};

const position = (self: Value[], at: number): number =>
  at < 0 ? Math.max(0, self.length + at) : Math.min(at, self.length);
/** The result of a method that only acts. */
const nothing = (_done: unknown): Item => null;

const ofList: Record<string, Method<Value[]>> = {
  append: (l, [item]) => nothing(l.push(item as Value)),
  extend: (l, [items]) => nothing(iterate(items ?? null).forEach((each) => l.push(each as Value))),
  insert: (l, [at, item]) => nothing(l.splice(position(l, integer(at, 0)), 0, item as Value)),
  pop: (l, [at]) => {
    const [removed] = l.splice(at === undefined ? l.length - 1 : position(l, integer(at, 0)), 1);
    if (removed === undefined) throw new TemplateError('pop from empty list');
    return removed;
  },
  remove: (l, [item]) => nothing(l.splice(ofList['index']?.(l, [item ?? null], {}) as number, 1)),
  clear: (l) => nothing(l.splice(0)),
  reverse: (l) => nothing(l.reverse()),
  sort: (l, _, named) => nothing(l.sort((a, b) => (named['reverse'] ? -1 : 1) * order(a, b))),
  index: (l, [item]) => {
    const at = l.findIndex((each) => equals(each, item ?? null));
    if (at < 0) throw new TemplateError(`${print(item ?? null)} is not in list`);
    return at;
  },
  count: (l, [item]) => l.filter((each) => equals(each, item ?? null)).length,
  copy: (l) => [...l],
};

const ofMapping: Record<string, Method<ValueObject>> = {
  items: (m) => Object.entries(m),
  keys: (m) => Object.keys(m),
  values: (m) => Object.values(m),
  get: (m, [key, fallback]) => (Object.hasOwn(m, text(key)) ? (m[text(key)] ?? null) : (fallback ?? null)),
  update: (m, [other], named) => nothing(Object.assign(m, isMapping(other) ? other : {}, named)),
  setdefault: (m, [key, fallback]) => (m[text(key)] ??= (fallback ?? null) as Value),
  pop: (m, [key, fallback]) => {
    const value = m[text(key)];
    if (value === undefined && fallback === undefined) throw new TemplateError(`KeyError: '${text(key)}'`);
    Reflect.deleteProperty(m, text(key));
    return value ?? fallback ?? null;
  },
  clear: (m) => nothing(Object.keys(m).forEach((key) => Reflect.deleteProperty(m, key))),
  copy: (m) => mapping(Object.entries(m)),
};

/** The method of a value by name, bound to it. */
export function methodOf(self: Item, name: string): ((args: Item[], named: Named) => Item) | undefined {
  const bind = <T>(table: Record<string, Method<T>>, value: T) => {
    const method = Object.hasOwn(table, name) ? table[name] : undefined;
    return method && ((args: Item[], named: Named) => method(value, args, named));
  };
  if (typeof self === 'string') return bind(ofText, self);
  if (Array.isArray(self)) return bind(ofList, self);
  return isMapping(self) ? bind(ofMapping, self) : undefined;
}

export { integer, list, text, title };
