import { isInteger, isNumber } from '@millrace/graph';
import { binary, compare, contains, equals } from './arithmetic.js';
import { Attributes, Callable, isMapping, isSpecial, print, Undefined, type Item } from './runtime.js';

type Test = (item: Item, args: Item[]) => boolean;

const integral = (item: Item): boolean => !isSpecial(item) && isNumber(item) && isInteger(item);
const remainder = (item: Item, by: Item): boolean => equals(binary('%', item, by), 0);
const comparing =
  (operator: string): Test =>
  (item, [other]) =>
    compare(operator, item, other ?? null);
const isText = (item: Item): item is string => typeof item === 'string';

/** Jinja's tests by name (`is defined`, `is divisibleby 3`). */
export const tests: Readonly<Record<string, Test>> = {
  defined: (item) => !(item instanceof Undefined),
  undefined: (item) => item instanceof Undefined,
  none: (item) => item === null,
  boolean: (item) => typeof item === 'boolean',
  true: (item) => item === true,
  false: (item) => item === false,
  integer: integral,
  float: (item) => !isSpecial(item) && isNumber(item) && !isInteger(item),
  number: (item) => typeof item === 'boolean' || (!isSpecial(item) && isNumber(item)),
  string: isText,
  mapping: (item) => isMapping(item),
  iterable: (item) => item instanceof Undefined || isText(item) || Array.isArray(item) || isMapping(item),
  sequence: (item) => item instanceof Undefined || isText(item) || Array.isArray(item) || isMapping(item),
  callable: (item) => item instanceof Callable || (item instanceof Attributes && item.call !== undefined),
  odd: (item) => !remainder(item, 2),
  even: (item) => remainder(item, 2),
  divisibleby: (item, [by]) => remainder(item, by ?? null),
  lower: (item) => print(item) === print(item).toLowerCase() && print(item) !== print(item).toUpperCase(),
  upper: (item) => print(item) === print(item).toUpperCase() && print(item) !== print(item).toLowerCase(),
  in: (item, [container]) => contains(container ?? null, item),
  sameas: (item, [other]) => item === other,
  escaped: () => false,
  eq: comparing('=='),
  equalto: comparing('=='),
  '==': comparing('=='),
  ne: comparing('!='),
  '!=': comparing('!='),
  lt: comparing('<'),
  lessthan: comparing('<'),
  '<': comparing('<'),
  le: comparing('<='),
  '<=': comparing('<='),
  gt: comparing('>'),
  greaterthan: comparing('>'),
  '>': comparing('>'),
  ge: comparing('>='),
  '>=': comparing('>='),
};
