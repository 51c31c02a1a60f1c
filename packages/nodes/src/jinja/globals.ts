import { TemplateError } from './errors.js';
import { integer } from './methods.js';
import { Attributes, boundedList, Callable, isMapping, mapping, type Item, type Named } from './runtime.js';

function range(args: Item[]): Item {
  const [first = 0, second, third] = args;
  const from = second === undefined ? 0 : integer(first, 0);
  const to = integer(second ?? first, 0);
  const step = integer(third, 1);
  if (step === 0) throw new TemplateError('range() arg 3 must not be zero');
  const size = Math.max(0, Math.ceil((to - from) / step));
  return boundedList(size, () => Array.from({ length: size }, (_, i) => from + i * step));
}

function namespace(args: Item[], named: Named): Item {
  const first = isMapping(args[0]) ? Object.entries(args[0]) : [];
  return new Attributes('Namespace', new Map<string, Item>([...first, ...Object.entries(named)]));
}

function cycler(args: Item[]): Item {
  let at = 0;
  const members = new Map<string, Item>();
  const show = () => members.set('current', args[at] ?? null);
  const next = new Callable('next', () => {
    const current = args[at] ?? null;
    at = (at + 1) % args.length;
    show();
    return current;
  });
  members.set('next', next);
  members.set('reset', new Callable('reset', () => ((at = 0), show(), null)));
  show();
  return new Attributes('Cycler', members);
}

function joiner(args: Item[]): Item {
  const separator = args[0] ?? ', ';
  let used = false;
  return new Attributes('Joiner', new Map(), () => (used ? separator : ((used = true), '')));
}

/** The functions every template knows. */
export function createGlobals(): Map<string, Item> {
  const functions: [string, (args: Item[], named: Named) => Item][] = [
    ['range', range],
    ['namespace', namespace],
    [
      'dict',
      ([first], named) => mapping([...(isMapping(first) ? Object.entries(first) : []), ...Object.entries(named)]),
    ],
    ['cycler', cycler],
    ['joiner', joiner],
  ];
  return new Map(functions.map(([name, call]) => [name, new Callable(name, call)]));
}
