import { isInteger } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { methodOf } from './methods.js';
import { Attributes, Callable, isMapping, kindOf, print, Undefined, type Item } from './runtime.js';

/** `object.name`: a method, then a member, as Jinja looks it up. */
export function memberOf(object: Item, name: string): Item {
  if (object instanceof Undefined) throw new TemplateError(object.message);
  if (object instanceof Attributes) {
    const found = object.members.get(name);
    return found !== undefined ? found : new Undefined(`'${object.label}' has no attribute '${name}'`);
  }
  const method = methodOf(object, name);
  if (method) return new Callable(name, method);
  if (isMapping(object) && Object.hasOwn(object, name)) return object[name] ?? null;
  return new Undefined(`'${kindOf(object)} object' has no attribute '${name}'`);
}

/** `object[index]`: a member, or an item counted from either end. */
export function itemOf(object: Item, index: Item): Item {
  if (object instanceof Undefined) throw new TemplateError(object.message);
  if (typeof index === 'string') {
    if (isMapping(object) && Object.hasOwn(object, index)) return object[index] ?? null;
    return memberOf(object, index);
  }
  const missing = () => new Undefined(`${kindOf(object)} object has no element ${print(index)}`);
  const at = typeof index === 'boolean' ? Number(index) : index;
  if (isMapping(object)) return Object.hasOwn(object, print(at)) ? (object[print(at)] ?? null) : missing();
  if (typeof object !== 'string' && !Array.isArray(object)) return missing();
  if (typeof at !== 'number' || !isInteger(at)) return missing();
  const items: readonly Item[] = typeof object === 'string' ? [...object] : object;
  const found = items.at(at);
  return found !== undefined ? found : missing();
}

/** Python's extended slice. */
export function pick(items: Item[], from: number | undefined, to: number | undefined, step: number): Item[] {
  if (step === 0) throw new TemplateError('slice step cannot be zero');
  const size = items.length;
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (at: number | undefined, fallback: number) =>
    at === undefined ? fallback : Math.min(high, Math.max(low, at < 0 ? at + size : at));
  const start = clamp(from, step > 0 ? low : high);
  const end = clamp(to, step > 0 ? high : low);
  const picked: Item[] = [];
  for (let at = start; step > 0 ? at < end : at > end; at += step) picked.push(items[at] ?? null);
  return picked;
}
