import { type Value } from '@millrace/contracts';
import { isNumber, pythonRepr } from '@millrace/graph';
import { arg, flag } from './arguments.js';
import { binary, equals, formatPercent, order } from './arithmetic.js';
import { toFloat, toInteger, tojson } from './conversion-filters.js';
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
  print,
  Undefined,
  type Item,
  type Named,
} from './runtime.js';
import { roundNumber } from './round.js';
import { encodeUrl, escapeHtml, indent, truncate } from './text-filters.js';

/** What filters that take the name of another filter or test need. */
export interface FilterContext {
  attribute(item: Item, path: Item): Item;
  filter(name: string, input: Item, args: Item[], named: Named): Item;
  test(name: string, input: Item, args: Item[]): boolean;
}

type Filter = (input: Item, args: Item[], named: Named, context: FilterContext) => Item;

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
