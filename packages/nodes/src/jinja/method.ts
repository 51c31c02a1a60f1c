import type { Item, Named } from './runtime.js';

/** A method and how many arguments it takes. */
export interface Method<T> {
  least: number;
  most: number;
  run: (self: T, args: Item[], named: Named) => Item;
}

/** A method that takes from `least` to `most` arguments. */
export const method = <T>(least: number, most: number, run: Method<T>['run']): Method<T> => ({ least, most, run });

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
