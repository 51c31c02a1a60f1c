import { equals } from './arithmetic.js';
import { Attributes, Callable, list, Undefined, type Item } from './runtime.js';

/** The `loop` object of a `for`; `again` renders the body of a recursive loop for other items. */
export function createLoop(items: readonly Item[], depth: number, again: ((items: Item) => Item) | undefined) {
  const neighbour = (index: number, which: string): Item => {
    const item = items[index];
    return item !== undefined ? item : new Undefined(`there is no ${which} item`);
  };
  let lastChanged: Item[] | undefined;
  const changed = new Callable('changed', (args) => {
    const same = lastChanged !== undefined && equals(list(lastChanged), list(args));
    lastChanged = args;
    return !same;
  });
  return {
    at(index: number): Attributes {
      const size = items.length;
      const members = new Map<string, Item>([
        ['index', index + 1],
        ['index0', index],
        ['revindex', size - index],
        ['revindex0', size - index - 1],
        ['first', index === 0],
        ['last', index === size - 1],
        ['length', size],
        ['depth', depth],
        ['depth0', depth - 1],
        ['previtem', neighbour(index - 1, 'previous')],
        ['nextitem', neighbour(index + 1, 'next')],
        [
          'cycle',
          new Callable('cycle', (args) => args[index % args.length] ?? new Undefined('no items for cycling given')),
        ],
        ['changed', changed],
      ]);
      return new Attributes('LoopContext', members, again && (([inner]) => again(inner ?? null)));
    },
  };
}
