import { TemplateError } from './errors.js';
import { pairsOf } from './mapping-methods.js';
import { spend } from './meter.js';
import { print } from './printing.js';
import { Attributes, Callable, defined, Dict, integer, Range, type Item, type Named } from './runtime.js';

function range(args: Item[]): Item {
  const [first, second, third] = args;
  if (first === undefined) throw new TemplateError('range expected at least 1 argument, got 0');
  if (args.length > 3) throw new TemplateError(`range expected at most 3 arguments, got ${args.length}`);
  const from = second === undefined ? 0 : integer(first, 0);
  const step = integer(third, 1);
  if (step === 0) throw new TemplateError('range() arg 3 must not be zero');
  return new Range(from, integer(second ?? first, 0), step);
}

const dict = ([first]: Item[], named: Named): Dict =>
  new Dict([...(first === undefined ? [] : pairsOf(defined(first))), ...Object.entries(named)]);

function namespace(args: Item[], named: Named): Item {
  const members = new Map<string, Item>();
  for (const [name, value] of dict(args, named).entries()) members.set(print(name), value);
  return new Attributes('Namespace', members);
}

function cycler(args: Item[]): Item {
  if (args.length === 0) throw new TemplateError('at least one item has to be provided');
  let at = 0;
  const members = new Map<string, Item>([['items', args as Item]]);
  const show = () => members.set('current', args[at] ?? null);
  const next = () => {
    spend(1);
    const current = args[at] ?? null;
    at = (at + 1) % args.length;
    show();
    return current;
  };
  members.set('next', new Callable('next', next));
  members.set('reset', new Callable('reset', () => ((at = 0), show(), null)));
  show();
  return new Attributes('Cycler', members);
}

function joiner(args: Item[]): Item {
  const separator = args[0] ?? ', ';
  let isUsed = false;
  return new Attributes('Joiner', new Map(), () => (isUsed ? separator : ((isUsed = true), '')));
}

/** The functions every template knows. `lipsum` is not among them. */
export function createGlobals(): Map<string, Item> {
  const functions: [string, (args: Item[], named: Named) => Item][] = [
    ['range', range],
    ['namespace', namespace],
    ['dict', dict],
    ['cycler', cycler],
    ['joiner', (args, named) => joiner(named['sep'] === undefined ? args : [named['sep']])],
  ];
  return new Map(functions.map(([name, call]) => [name, new Callable(name, call)]));
}
