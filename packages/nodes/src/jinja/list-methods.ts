import { equals, order } from './comparison.js';
import { TemplateError } from './errors.js';
import { boundList, maxListLength, spend } from './meter.js';
import { method, type Method } from './method.js';
import { print } from './printing.js';
import { integer, isTrue, iterate, type Item } from './runtime.js';

/** The result of a method that only acts. */
const nothing = (_done: unknown): Item => null;

const indexIn = (items: Item[], args: Item[], kind: string): number => {
  const [item = null, from, to] = args;
  const start = slicePoint(items, from, 0);
  const end = slicePoint(items, to, items.length);
  for (let at = start; at < end; at += 1) if (equals(items[at] ?? null, item)) return at;
  throw new TemplateError(kind === 'tuple' ? 'tuple.index(x): x not in tuple' : `${print(item)} is not in list`);
};
const slicePoint = (items: Item[], given: Item | undefined, fallback: number): number => {
  const at = integer(given, fallback);
  return Math.min(items.length, Math.max(0, at < 0 ? at + items.length : at));
};
/** Moving the items behind costs. */
const moved = (items: Item[]) => spend(items.length >> 5);

export const tupleMethods: Readonly<Record<string, Method<Item[]>>> = {
  index: method(1, 3, (items, args) => indexIn(items, args, 'tuple')),
  count: method(1, 1, (items, [item = null]) => items.filter((each) => equals(each, item)).length),
};

export const listMethods: Readonly<Record<string, Method<Item[]>>> = {
  ...tupleMethods,
  index: method(1, 3, (items, args) => indexIn(items, args, 'list')),
  append: method(1, 1, (items, [item = null]) => nothing((grow(items, 1), items.push(item)))),
  extend: method(1, 1, (items, [more = null]) => {
    const added = [...iterate(more)];
    grow(items, added.length);
    for (const each of added) items.push(each);
    return null;
  }),
  insert: method(2, 2, (items, [at, item = null]) => {
    grow(items, 1);
    moved(items);
    return nothing(items.splice(slicePoint(items, at, 0), 0, item));
  }),
  pop: method(0, 1, (items, [at]) => {
    if (items.length === 0) throw new TemplateError('pop from empty list');
    const given = integer(at, -1);
    const place = given < 0 ? given + items.length : given;
    if (place < 0 || place >= items.length) throw new TemplateError('pop index out of range');
    moved(items);
    return items.splice(place, 1)[0] ?? null;
  }),
  remove: method(1, 1, (items, [item = null]) => {
    const at = items.findIndex((each) => equals(each, item));
    if (at < 0) throw new TemplateError('list.remove(x): x not in list');
    moved(items);
    return nothing(items.splice(at, 1));
  }),
  clear: method(0, 0, (items) => nothing(items.splice(0))),
  reverse: method(0, 0, (items) => (moved(items), nothing(items.reverse()))),
  sort: method(0, 0, (items, _, named) => {
    if ('key' in named && named['key'] !== null) throw new TemplateError('sort() of a list takes no key here');
    const direction = isTrue(named['reverse'] ?? false) ? -1 : 1;
    return nothing(items.sort((a, b) => direction * order(a, b)));
  }),
  copy: method(0, 0, (items) => (boundList(items.length), [...items] as Item)),
};

/** Room for more items; the limit is that of new lists. */
function grow(items: Item[], by: number): void {
  boundList(by);
  if (items.length + by > maxListLength) boundList(items.length + by);
}
