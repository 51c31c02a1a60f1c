import { isTrue, type Item, type Named } from './runtime.js';

/** An argument by position or name. */
export const arg = (args: Item[], named: Named, index: number, name: string): Item | undefined =>
  args[index] ?? named[name];
/** A switch by position or name. */
export const flag = (args: Item[], named: Named, index: number, name: string, fallback = false): boolean => {
  const found = arg(args, named, index, name);
  return found === undefined ? fallback : isTrue(found);
};
