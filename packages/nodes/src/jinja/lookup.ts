import { isInteger } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { spend } from './meter.js';
import { methodOf } from './methods.js';
import { print } from './printing.js';
import {
  Attributes,
  Callable,
  characters,
  isList,
  isMapping,
  kindOf,
  plain,
  Range,
  Tuple,
  Undefined,
  valueAt,
  View,
  type Item,
} from './runtime.js';
import { formatBraces } from './text-format.js';

/** How Jinja's messages call an object. */
const described = (object: Item): string => (object === null ? 'None' : `${kindOf(object)} object`);

/** A method or another attribute, as Python's `getattr` finds it: members of mappings are none. */
export function attributeOf(object: Item, name: string): Item {
  if (object instanceof Undefined) throw new TemplateError(object.message);
  const missing = () => new Undefined(`'${described(object)}' has no attribute '${name}'`);
  if (object instanceof Attributes || object instanceof Callable) {
    const found = object.members.get(name);
    return found !== undefined ? found : missing();
  }
  const value = plain(object);
  if (value instanceof Tuple) {
    const at = value.names.indexOf(name);
    if (at >= 0) return value[at] ?? null;
  }
  if (value instanceof Range) {
    if (name === 'start' || name === 'stop' || name === 'step') return value[name];
    return missing();
  }
  if (typeof value === 'string' && name === 'format')
    return new Callable(name, (args, named) => formatBraces(value, args, named, { member: attributeOf, item: itemOf }));
  const method = methodOf(value, name);
  return method ? new Callable(name, method) : missing();
}

/** `object.name`: an attribute, then a member, as Jinja looks it up. */
export function memberOf(object: Item, name: string): Item {
  const attribute = attributeOf(object, name);
  if (!(attribute instanceof Undefined) || !isMapping(object)) return attribute;
  const member = valueAt(object, name);
  return member !== undefined ? member : attribute;
}

/** `object[index]`: a member, or an item counted from either end, then an attribute. */
export function itemOf(object: Item, index: Item): Item {
  if (object instanceof Undefined) throw new TemplateError(object.message);
  const at = plain(index);
  const holder = plain(object);
  const missing = () => new Undefined(`${described(object)} has no element ${print(at)}`);
  if (isMapping(holder)) {
    const found = isHashable(at) ? valueAt(holder, at) : undefined;
    if (found !== undefined) return found;
    return typeof at === 'string' ? memberOf(holder, at) : missing();
  }
  if (typeof at === 'string') return attributeOf(object, at);
  const position = typeof at === 'boolean' ? Number(at) : at;
  if (typeof position !== 'number' || !isInteger(position)) return missing();
  if (holder instanceof Range) {
    const place = position < 0 ? position + holder.length : position;
    return place >= 0 && place < holder.length ? holder.start + place * holder.step : missing();
  }
  if (typeof holder === 'string') return characters(holder).at(position) ?? missing();
  if (!isList(holder) || holder instanceof View) return missing();
  spend(1);
  return holder.at(position) ?? (position < holder.length && position >= -holder.length ? null : missing());
}

const isHashable = (key: Item): boolean => !isMapping(key) && (!isList(key) || key instanceof Tuple);

/** A member by a dotted path or an index, as filters take it. */
export function pathOf(item: Item, path: Item, fallback?: Item): Item {
  if (path === null) return item;
  const parts: Item[] =
    typeof path === 'number'
      ? [path]
      : print(path)
          .split('.')
          .map((part) => (/^\d{1,15}$/.test(part) ? Number(part) : part));
  let found = item;
  for (const part of parts) {
    found = itemOf(found, part);
    if (found instanceof Undefined && fallback !== undefined) found = fallback;
  }
  return found;
}

/** First and last index of Python's extended slice of so many items, with its step. */
export function sliceBounds(size: number, from?: number, to?: number, step = 1) {
  if (step === 0) throw new TemplateError('slice step cannot be zero');
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (at: number | undefined, fallback: number) =>
    at === undefined ? fallback : Math.min(high, Math.max(low, at < 0 ? at + size : at));
  return { start: clamp(from, step > 0 ? low : high), end: clamp(to, step > 0 ? high : low), step };
}
export type Bounds = ReturnType<typeof sliceBounds>;

/** The items of a slice. */
export function pick<T>(items: readonly T[], { start, end, step }: Bounds): T[] {
  if (step === 1) return items.slice(start, Math.max(start, end));
  const picked: T[] = [];
  for (let at = start; step > 0 ? at < end : at > end; at += step) picked.push(items[at] as T);
  return picked;
}
