import { Float, type Value } from '@millrace/contracts';
import {
  floatValue,
  isInteger,
  isNumber,
  parsePythonFloat,
  parsePythonInt,
  pythonJson,
  pythonRepr,
  pythonStrip,
  toDouble,
} from '@millrace/graph';
import { binary, equals, formatPercent, order } from './arithmetic.js';
import { TemplateError } from './errors.js';
import { integer, list, methodOf, text, title } from './methods.js';
import {
  boundedText,
  defined,
  isMapping,
  isTrue,
  group,
  iterate,
  kindOf,
  mapping,
  print,
  Undefined,
  type Item,
  type Named,
} from './runtime.js';
import { roundNumber } from './round.js';

/** What filters that take the name of another filter or test need. */
export interface FilterContext {
  attribute(item: Item, path: Item): Item;
  filter(name: string, input: Item, args: Item[], named: Named): Item;
  test(name: string, input: Item, args: Item[]): boolean;
}

type Filter = (input: Item, args: Item[], named: Named, context: FilterContext) => Item;

/** An argument by position or name. */
const arg = (args: Item[], named: Named, index: number, name: string): Item | undefined => args[index] ?? named[name];
const flag = (args: Item[], named: Named, index: number, name: string, fallback = false): boolean => {
  const found = arg(args, named, index, name);
  return found === undefined ? fallback : isTrue(found);
};
const folded = (item: Item, caseSensitive: boolean): Item =>
  typeof item === 'string' && !caseSensitive ? item.toLowerCase() : item;

function lengthOf(input: Item): number {
  if (input instanceof Undefined) return 0;
  if (typeof input === 'string' || Array.isArray(input) || isMapping(input)) return iterate(input).length;
  throw new TemplateError(`object of type '${kindOf(input)}' has no len()`);
}

function sorted(items: Item[], key: (item: Item) => Item, reverse: boolean): Item[] {
  const direction = reverse ? -1 : 1;
  return items
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => direction * order(a.key, b.key))
    .map(({ item }) => item);
}

function sortKey(args: Item[], named: Named, from: number, context: FilterContext): (item: Item) => Item {
  const caseSensitive = flag(args, named, from, 'case_sensitive');
  const attribute = arg(args, named, from + 1, 'attribute');
  if (attribute === undefined || attribute === null) return (item) => folded(item, caseSensitive);
  const paths = print(attribute).split(',');
  const value = (item: Item, path: string) => folded(context.attribute(item, path), caseSensitive);
  return (item) => (paths.length === 1 ? value(item, paths[0] ?? '') : list(paths.map((path) => value(item, path))));
}

const extreme =
  (sign: number): Filter =>
  (input, args, named, context) => {
    const key = sortKey(args, named, 0, context);
    const [first, ...rest] = iterate(input);
    if (first === undefined) return new Undefined('No aggregated item, sequence was empty.');
    return rest.reduce((best, item) => (sign * order(key(item), key(best)) > 0 ? item : best), first);
  };

function selecting(keep: boolean, byAttribute: boolean): Filter {
  return (input, args, _named, context) => {
    const [attribute, ...rest] = byAttribute ? args : [null, ...args];
    const [test, ...testArgs] = rest;
    const holds = (item: Item) => {
      const value = byAttribute ? context.attribute(item, attribute ?? null) : item;
      return test === undefined ? isTrue(value) : context.test(print(test), value, testArgs);
    };
    return list(iterate(input).filter((item) => holds(item) === keep));
  };
}

const map: Filter = (input, args, named, context) => {
  const attribute = named['attribute'];
  if (attribute !== undefined) {
    const fallback = named['default'];
    const read = (item: Item) => {
      const value = context.attribute(item, attribute);
      return value instanceof Undefined && fallback !== undefined ? fallback : value;
    };
    return list(iterate(input).map(read));
  }
  const [name, ...rest] = args;
  if (name === undefined) throw new TemplateError('map requires a filter argument');
  return list(iterate(input).map((item) => context.filter(print(name), item, rest, named)));
};

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };
const escapeHtml: Filter = (input) => print(input).replace(/[&<>'"]/g, (char) => escapes[char] ?? char);

const sortedKeys = (value: Value): Value => {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isMapping(value)) return value;
  const keys = Object.keys(value).sort((a, b) => order(a, b));
  return mapping(keys.map((key): [string, Item] => [key, sortedKeys(value[key] as Value)]));
};
const unicodeEscape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
const tojson: Filter = (input, args, named) => {
  const indent = arg(args, named, 0, 'indent');
  const json = pythonJson(sortedKeys(defined(input)), indent === undefined || indent === null ? 0 : integer(indent, 0));
  return json.replace(/[<>&'\u007f-\uffff]/g, (char) => (char === '\u007f' ? char : unicodeEscape(char)));
};

const toInteger = (input: Item, args: Item[], named: Named): Item => {
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

const toFloat = (input: Item, args: Item[], named: Named): Item => {
  const fallback = arg(args, named, 0, 'default') ?? new Float(0);
  if (typeof input === 'boolean') return new Float(Number(input));
  if (typeof input === 'string') {
    const parsed = parsePythonFloat(input);
    return parsed === undefined ? fallback : floatValue(parsed);
  }
  if (input instanceof Undefined || input === null || !isNumber(input as Value)) return fallback;
  return floatValue(toDouble(input as number | bigint | Float));
};

function join(input: Item, args: Item[], named: Named, context: FilterContext): Item {
  const separator = text(arg(args, named, 0, 'd'));
  const attribute = arg(args, named, 1, 'attribute');
  const parts = iterate(input).map((item) =>
    print(attribute === undefined ? item : context.attribute(item, attribute)),
  );
  const size = parts.reduce((sum, part) => sum + part.length + separator.length, 0);
  return boundedText(size, () => parts.join(separator));
}

function unique(input: Item, args: Item[], named: Named, context: FilterContext): Item {
  const key = sortKey(args, named, 0, context);
  const seen: Item[] = [];
  const isNew = (item: Item) => {
    const mine = key(item);
    return !seen.some((each) => equals(each, mine)) && seen.push(mine) > 0;
  };
  return list(iterate(input).filter(isNew));
}

function groupby(input: Item, args: Item[], named: Named, context: FilterContext): Item {
  const attribute = arg(args, named, 0, 'attribute') ?? null;
  const read = (item: Item) => context.attribute(item, attribute);
  const groups: { key: Item; items: Item[] }[] = [];
  for (const item of sorted(iterate(input), (each) => folded(read(each), false), false)) {
    const last = groups.at(-1);
    if (last && equals(folded(last.key, false), folded(read(item), false))) last.items.push(item);
    else groups.push({ key: read(item), items: [item] });
  }
  return list(groups.map(({ key, items }) => group(key, list(items))));
}

function truncate(input: Item, args: Item[], named: Named): Item {
  const chars = [...print(input)];
  const length = integer(arg(args, named, 0, 'length'), 255);
  const end = text(arg(args, named, 2, 'end'), '...');
  const leeway = integer(arg(args, named, 3, 'leeway'), 5);
  if (chars.length <= length + leeway) return chars.join('');
  const cut = chars.slice(0, Math.max(0, length - [...end].length)).join('');
  if (flag(args, named, 1, 'killwords')) return cut + end;
  const space = cut.lastIndexOf(' ');
  return (space < 0 ? cut : cut.slice(0, space)) + end;
}

function indent(input: Item, args: Item[], named: Named): Item {
  const width = arg(args, named, 0, 'width');
  const pad = typeof width === 'string' ? width : ' '.repeat(Math.min(1000, integer(width, 4)));
  const first = flag(args, named, 1, 'first');
  const blank = flag(args, named, 2, 'blank');
  const lines = print(input).split('\n');
  const size = lines.length * pad.length;
  return boundedText(size, () =>
    lines.map((line, i) => ((i === 0 ? first : blank || line.trim() !== '') ? pad + line : line)).join('\n'),
  );
}

function batch(input: Item, args: Item[], named: Named): Item {
  const size = Math.max(1, integer(arg(args, named, 0, 'linecount'), 1));
  const fill = arg(args, named, 1, 'fill_with');
  const items = iterate(input);
  const rows: Item[] = [];
  for (let at = 0; at < items.length; at += size) {
    const row = items.slice(at, at + size);
    if (fill !== undefined && fill !== null) while (row.length < size) row.push(fill);
    rows.push(list(row));
  }
  return list(rows);
}

function slice(input: Item, args: Item[], named: Named): Item {
  const count = Math.max(1, Math.min(10_000, integer(arg(args, named, 0, 'slices'), 1)));
  const fill = arg(args, named, 1, 'fill_with');
  const items = iterate(input);
  const [size, extra] = [Math.floor(items.length / count), items.length % count];
  let at = 0;
  return list(
    Array.from({ length: count }, (_, i) => {
      const row = items.slice(at, (at += size + (i < extra ? 1 : 0)));
      if (fill !== undefined && fill !== null && i >= extra && extra > 0) row.push(fill);
      return list(row);
    }),
  );
}

const byMethod =
  (name: string): Filter =>
  (input, args, named) =>
    methodOf(print(input), name)?.(args, named) ?? '';

/** Jinja's filters by name. */
export const filters: Readonly<Record<string, Filter>> = {
  abs: (input) => {
    const value = defined(input);
    if (!isNumber(value)) throw new TemplateError(`bad operand type for abs(): '${kindOf(input)}'`);
    return order(value, 0) < 0 ? binary('-', 0, value) : value;
  },
  attr: (input, [name], _, context) => context.attribute(input, name ?? null),
  batch,
  capitalize: byMethod('capitalize'),
  center: (input, args, named) => methodOf(print(input), 'center')?.([arg(args, named, 0, 'width') ?? 80], {}) ?? '',
  count: lengthOf,
  length: lengthOf,
  d: (input, args, named, context) => filters['default']?.(input, args, named, context) ?? '',
  default: (input, args, named) => {
    const useFallback = input instanceof Undefined || (flag(args, named, 1, 'boolean') && !isTrue(input));
    return useFallback ? (arg(args, named, 0, 'default_value') ?? '') : input;
  },
  dictsort: (input, args, named) => {
    if (!isMapping(input)) throw new TemplateError(`'${kindOf(input)}' object has no attribute 'items'`);
    const by = text(arg(args, named, 1, 'by'), 'key') === 'value' ? 1 : 0;
    const caseSensitive = flag(args, named, 0, 'case_sensitive');
    const key = (pair: Item) => folded((pair as Value[])[by] ?? null, caseSensitive);
    return list(sorted(Object.entries(input), key, flag(args, named, 2, 'reverse')));
  },
  escape: escapeHtml,
  e: escapeHtml,
  forceescape: escapeHtml,
  first: (input) => {
    const [item] = iterate(input);
    return item !== undefined ? item : new Undefined('No first item, sequence was empty.');
  },
  last: (input) => {
    const item = iterate(input).at(-1);
    return item !== undefined ? item : new Undefined('No last item, sequence was empty.');
  },
  float: toFloat,
  int: toInteger,
  format: (input, args) => formatPercent(print(input), args.map(defined)),
  groupby,
  indent,
  items: (input) => (isMapping(input) ? Object.entries(input) : []),
  join,
  list: (input) => list([...iterate(input)]),
  lower: byMethod('lower'),
  upper: byMethod('upper'),
  map,
  max: extreme(1),
  min: extreme(-1),
  pprint: (input) => pythonRepr(defined(input)),
  reject: selecting(false, false),
  rejectattr: selecting(false, true),
  select: selecting(true, false),
  selectattr: selecting(true, true),
  replace: byMethod('replace'),
  reverse: (input) => (typeof input === 'string' ? [...input].reverse().join('') : list([...iterate(input)].reverse())),
  round: (input, args, named) =>
    roundNumber(
      defined(input),
      integer(arg(args, named, 0, 'precision'), 0),
      text(arg(args, named, 1, 'method'), 'common'),
    ),
  safe: (input) => input,
  slice,
  sort: (input, args, named, context) =>
    list(sorted(iterate(input), sortKey(args, named, 1, context), flag(args, named, 0, 'reverse'))),
  string: (input) => print(input),
  striptags: (input) =>
    print(input)
      .replace(/<!--[\s\S]*?-->|<[^>]*>/g, '')
      .split(/\s+/)
      .filter(Boolean)
      .join(' '),
  sum: (input, args, named, context) => {
    const attribute = arg(args, named, 0, 'attribute');
    const values = iterate(input).map((item) =>
      attribute === undefined || attribute === null ? item : context.attribute(item, attribute),
    );
    return values.reduce((sum, each) => binary('+', sum, each), arg(args, named, 1, 'start') ?? 0);
  },
  title: (input) => title(print(input)),
  tojson,
  trim: byMethod('strip'),
  truncate,
  unique,
  urlencode: (input) => encodeUrl(input),
  wordcount: (input) => (print(input).match(/[\p{L}\p{N}_]+/gu) ?? []).length,
};

const quote = (value: string) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function encodeUrl(input: Item): string {
  if (isMapping(input)) {
    const plus = (text: string) => quote(text).replaceAll('%20', '+');
    return Object.entries(input)
      .map(([key, value]) => `${plus(key)}=${plus(print(value))}`)
      .join('&');
  }
  return quote(print(input)).replaceAll('%2F', '/');
}
