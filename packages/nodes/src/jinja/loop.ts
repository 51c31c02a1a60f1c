import { equals } from './comparison.js';
import { TemplateError } from './errors.js';
import { Attributes, Callable, Undefined, type Item } from './runtime.js';

/** The `loop` object of a `for`; `again` renders the body of a recursive loop for other items. */
export function createLoop(items: readonly Item[], depth: number, again: ((items: Item) => Item) | undefined) {
  const size = items.length;
  const neighbour = (index: number, which: string): Item => items[index] ?? edge(index, which);
  const edge = (index: number, which: string): Item =>
    index >= 0 && index < size ? null : new Undefined(`there is no ${which} item`);
  let lastChanged: Item[] | undefined;
  const changed = new Callable('changed', (args) => {
    const same = lastChanged?.length === args.length && args.every((arg, i) => equals(arg, lastChanged?.[i] ?? null));
    if (!same) lastChanged = args;
    return !same;
  });
  const member = (index: number, name: string): Item | undefined => {
    switch (name) {
      case 'index':
        return index + 1;
      case 'index0':
        return index;
      case 'revindex':
        return size - index;
      case 'revindex0':
        return size - index - 1;
      case 'first':
        return index === 0;
      case 'last':
        return index === size - 1;
      case 'length':
        return size;
      case 'depth':
        return depth;
      case 'depth0':
        return depth - 1;
      case 'previtem':
        return neighbour(index - 1, 'previous');
      case 'nextitem':
        return neighbour(index + 1, 'next');
      case 'cycle':
        return new Callable('cycle', (args) => {
          if (args.length === 0) throw new TemplateError('no items for cycling given');
          return args[index % args.length] ?? null;
        });
      case 'changed':
        return changed;
      default:
        return undefined;
    }
  };
  return {
    /** The object at one item. */
    at: (index: number): Attributes =>
      new Attributes(
        `LoopContext ${index + 1}/${size}`,
        { get: (name) => member(index, name) },
        again && (([inner]) => again(inner ?? null)),
      ),
  };
}
