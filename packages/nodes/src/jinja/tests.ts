import { isInteger, isNumber } from '@millrace/graph';
import { binary } from './arithmetic.js';
import { compare, contains, equals } from './comparison.js';
import { TemplateError } from './errors.js';
import { print } from './printing.js';
import {
  Attributes,
  Callable,
  hash,
  isList,
  isMapping,
  isSpecial,
  Markup,
  Range,
  Undefined,
  View,
  type Item,
} from './runtime.js';

interface Test {
  /** How many arguments it takes. */
  takes: number;
  holds: (item: Item, args: Item[]) => boolean;
}

const test = (holds: (item: Item) => boolean): Test => ({ takes: 0, holds });
const testWith = (holds: (item: Item, other: Item) => boolean): Test => ({
  takes: 1,
  holds: (item, [other = null]) => holds(item, other),
});

const integral = (item: Item): boolean => !isSpecial(item) && isNumber(item as number) && isInteger(item as number);
const remainder = (item: Item, by: Item): Item => binary('%', item, by);
const isWalked = (item: Item): boolean =>
  item instanceof Undefined ||
  item instanceof Range ||
  item instanceof Markup ||
  typeof item === 'string' ||
  isList(item) ||
  isMapping(item);
const isSame = (item: Item, other: Item): boolean =>
  item === other || (integral(item) && integral(other) && equals(item, other));

const comparisons = Object.fromEntries(
  [
    ['eq', 'equalto', '=='],
    ['ne', '!='],
    ['lt', 'lessthan', '<'],
    ['le', '<='],
    ['gt', 'greaterthan', '>'],
    ['ge', '>='],
  ].flatMap((names) =>
    names.map((name) => [name, testWith((item, other) => compare(names.at(-1) ?? '', item, other))]),
  ),
);

/** Jinja's tests by name (`is defined`, `is divisibleby 3`). */
export const tests: Readonly<Record<string, Test>> = {
  ...comparisons,
  defined: test((item) => !(item instanceof Undefined)),
  undefined: test((item) => item instanceof Undefined),
  none: test((item) => item === null),
  boolean: test((item) => typeof item === 'boolean'),
  true: test((item) => item === true),
  false: test((item) => item === false),
  integer: test(integral),
  float: test((item) => !isSpecial(item) && isNumber(item as number) && !isInteger(item as number)),
  number: test((item) => typeof item === 'boolean' || (!isSpecial(item) && isNumber(item as number))),
  string: test((item) => typeof item === 'string' || item instanceof Markup),
  mapping: test((item) => isMapping(item)),
  iterable: test((item) => isWalked(item)),
  sequence: test((item) => isWalked(item) && !(item instanceof View)),
  callable: test(
    (item) =>
      item instanceof Undefined || item instanceof Callable || (item instanceof Attributes && item.call !== undefined),
  ),
  odd: test((item) => equals(remainder(item, 2), 1)),
  even: test((item) => equals(remainder(item, 2), 0)),
  divisibleby: testWith((item, by) => equals(remainder(item, by), 0)),
  lower: test((item) => print(item) === print(item).toLowerCase() && print(item) !== print(item).toUpperCase()),
  upper: test((item) => print(item) === print(item).toUpperCase() && print(item) !== print(item).toLowerCase()),
  in: testWith((item, container) => contains(container, item)),
  sameas: testWith(isSame),
  escaped: test((item) => item instanceof Markup),
};

/** Is this the name of one of these? An unhashable name is an error, as in Python. */
export const isNameOf = (item: Item, table: object): boolean => {
  hash(item);
  return typeof item === 'string' && Object.hasOwn(table, item);
};

export function runTest(name: string, item: Item, args: Item[]): boolean {
  const found = Object.hasOwn(tests, name) ? tests[name] : undefined;
  if (!found) throw new TemplateError(`No test named '${name}'.`);
  if (args.length !== found.takes)
    throw new TemplateError(`the test '${name}' takes ${found.takes} arguments (${args.length} given)`);
  return found.holds(item, args);
}
