import { binary } from './arithmetic.js';
import { equals, order } from './comparison.js';
import { TemplateError } from './errors.js';
import { filter, openFilter, type Filter, type FilterContext } from './filter.js';
import { pathOf } from './lookup.js';
import { boundList } from './meter.js';
import { print } from './printing.js';
import {
  characters,
  entriesOf,
  hash,
  integer,
  isList,
  isMapping,
  isTrue,
  iterate,
  kindOf,
  lengthOf,
  list,
  Range,
  sizeOf,
  Tuple,
  Undefined,
  type Item,
  type Named,
} from './runtime.js';
import { joined } from './text-methods.js';

const on = (item: Item | undefined, fallback = false): boolean => (item === undefined ? fallback : isTrue(item));
const folded = (item: Item, caseSensitive: boolean): Item =>
  typeof item === 'string' && !caseSensitive ? item.toLowerCase() : item;

function sorted(items: Item[], key: (item: Item) => Item, reverse: boolean): Item[] {
  const direction = reverse ? -1 : 1;
  boundList(items.length);
  return items
    .map((item) => ({ item, key: key(item) }))
    .sort((a, b) => direction * order(a.key, b.key))
    .map(({ item }) => item);
}

/** The value of one attribute, folded unless the case counts. */
const keyOf =
  (attribute: Item | undefined, caseSensitive: boolean, fallback?: Item) =>
  (item: Item): Item =>
    folded(pathOf(item, attribute ?? null, fallback), caseSensitive);

/** The values of several attributes (`'age,name'`), as `sort` compares them. */
function keysOf(attribute: Item | undefined, caseSensitive: boolean): (item: Item) => Item {
  if (attribute === undefined || attribute === null) return keyOf(null, caseSensitive);
  const paths: Item[] = typeof attribute === 'number' ? [attribute] : print(attribute).split(',');
  return (item) => paths.map((path) => keyOf(path, caseSensitive)(item)) as Item;
}

const extreme = (sign: number) =>
  filter('case_sensitive attribute', (input, [caseSensitive, attribute]) => {
    const key = keyOf(attribute, on(caseSensitive));
    const [first, ...rest] = iterate(input);
    if (first === undefined) return new Undefined('No aggregated item, sequence was empty.');
    return rest.reduce((best, item) => (sign * order(key(item), key(best)) > 0 ? item : best), first);
  });

/** `select`, `reject` and, by attribute, `selectattr`, `rejectattr`. */
const selecting = (keep: boolean, byAttribute: boolean) =>
  openFilter((input, args, _named, context) => {
    if (byAttribute && args.length === 0) throw new TemplateError('Missing parameter for attribute name');
    const [attribute, test, ...rest] = byAttribute ? args : [null, ...args];
    const holds = (item: Item) => {
      const value = pathOf(item, attribute ?? null);
      return test === undefined ? isTrue(value) : context.test(print(test), value, rest);
    };
    return list(walked(input).filter((item) => holds(item) === keep));
  });

/** What is false has no items here, even if it is no list. */
const walked = (input: Item): Item[] => (isTrue(input) ? iterate(input) : []);

function map(input: Item, args: Item[], named: Named, context: FilterContext): Item {
  const items = walked(input);
  const { attribute, default: fallback, ...others } = named;
  if (args.length === 0 && attribute !== undefined) {
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw new TemplateError(`Unexpected keyword argument '${unknown}'`);
    return list(items.map((item) => pathOf(item, attribute, fallback)));
  }
  const [name, ...rest] = args;
  if (name === undefined) throw new TemplateError('map requires a filter argument');
  return list(items.map((item) => context.filter(print(name), item, rest, named)));
}

const join = filter('d attribute', (input, [separator, attribute]) => {
  const items = iterate(input);
  return joined(
    items.map((item) => print(pathOf(item, attribute ?? null))),
    print(separator ?? ''),
  );
});

const unique = filter('case_sensitive attribute', (input, [caseSensitive, attribute]) => {
  const key = keyOf(attribute, on(caseSensitive));
  const seen = new Set<unknown>();
  const isNew = (item: Item) => {
    const mine = hash(key(item));
    return !seen.has(mine) && seen.add(mine).size > 0;
  };
  return list(iterate(input).filter(isNew));
});

const groupby = filter(
  'attribute default case_sensitive',
  (input, [attribute = null, fallback, caseSensitive]) => {
    const key = keyOf(attribute, on(caseSensitive), fallback);
    const groups: { key: Item; items: Item[] }[] = [];
    for (const item of sorted(iterate(input), key, false)) {
      const last = groups.at(-1);
      if (last && equals(last.key, key(item))) last.items.push(item);
      else groups.push({ key: key(item), items: [item] });
    }
    const shown = keyOf(attribute, true, fallback);
    return list(groups.map(({ items }) => Tuple.with([shown(items[0] ?? null), items as Item], ['grouper', 'list'])));
  },
  { least: 1 },
);

const batch = filter(
  'linecount fill_with',
  (input, [linecount, fill]) => {
    const size = integer(linecount, 1);
    const items = iterate(input);
    const rows: Item[] = [];
    for (let at = 0; at < items.length; at += size > 0 ? size : items.length) {
      const row = items.slice(at, size > 0 ? at + size : undefined);
      if (fill !== undefined && fill !== null && row.length < size) {
        boundList(size);
        while (row.length < size) row.push(fill);
      }
      rows.push(list(row));
    }
    return list(rows);
  },
  { least: 1 },
);

const slice = filter(
  'slices fill_with',
  (input, [slices, fill]) => {
    const count = integer(slices, 1);
    const items = iterate(input);
    if (count === 0) throw new TemplateError('integer division or modulo by zero');
    boundList(Math.max(0, count));
    const [size, extra] = [Math.floor(items.length / count), items.length % count];
    let at = 0;
    return list(
      Array.from({ length: Math.max(0, count) }, (_, i) => {
        const row = items.slice(at, (at += size + (i < extra ? 1 : 0)));
        if (fill !== undefined && fill !== null && i >= extra) row.push(fill);
        return list(row);
      }),
    );
  },
  { least: 1 },
);

const first = filter('', (input) => iterate(input)[0] ?? emptied(input, 'No first item, sequence was empty.'));
const last = filter('', (input) => iterate(input).at(-1) ?? emptied(input, 'No last item, sequence was empty.'));
const emptied = (input: Item, message: string): Item => (iterate(input).length === 0 ? new Undefined(message) : null);

const length = filter('', (input) => {
  if (input instanceof Undefined) return 0;
  if (typeof input === 'string') return lengthOf(input);
  if (isList(input) || input instanceof Range) return input.length;
  if (isMapping(input)) return sizeOf(input);
  throw new TemplateError(`object of type '${kindOf(input)}' has no len()`);
});

const dictsort = filter('case_sensitive by reverse', (input, [caseSensitive, by = 'key', reverse]) => {
  if (!isMapping(input)) throw new TemplateError(`'${kindOf(input)}' object has no attribute 'items'`);
  if (by !== 'key' && by !== 'value') throw new TemplateError('You can only sort by either "key" or "value"');
  const pairs = entriesOf(input).map((pair) => Tuple.with(pair));
  return list(
    sorted(pairs, (pair) => folded((pair as Item[])[by === 'key' ? 0 : 1] ?? null, on(caseSensitive)), on(reverse)),
  );
});

const sum = filter('attribute start', (input, [attribute, start = 0]) => {
  if (typeof start === 'string') throw new TemplateError("sum() can't sum strings [use ''.join(seq) instead]");
  return iterate(input).reduce<Item>((total, item) => binary('+', total, pathOf(item, attribute ?? null)), start);
});

const reverse = filter('', (input) => {
  if (typeof input === 'string') return characters(input).reverse().join('');
  return list([...iterate(input)].reverse());
});

const items = filter('', (input) => {
  if (input instanceof Undefined) return [];
  if (!isMapping(input)) throw new TemplateError('Can only get item pairs from a mapping.');
  return list(entriesOf(input).map((pair) => Tuple.with(pair)));
});

const random = filter('', (input) => {
  const from = iterate(input);
  return from[Math.floor(Math.random() * from.length)] ?? new Undefined('No random item, sequence was empty.');
});

/** Filters over lists, mappings and the characters of texts. */
export const sequenceFilters: Readonly<Record<string, Filter>> = {
  batch,
  count: length,
  dictsort,
  first,
  groupby,
  items,
  join,
  last,
  length,
  list: filter('', (input) => list([...iterate(input)])),
  map: openFilter(map),
  max: extreme(1),
  min: extreme(-1),
  random,
  reject: selecting(false, false),
  rejectattr: selecting(false, true),
  reverse,
  select: selecting(true, false),
  selectattr: selecting(true, true),
  slice,
  sort: filter('reverse case_sensitive attribute', (input, [reversed, caseSensitive, attribute]) =>
    list(sorted(iterate(input), keysOf(attribute, on(caseSensitive)), on(reversed))),
  ),
  sum,
  unique,
};
