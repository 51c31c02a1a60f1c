import { Float } from '@millrace/contracts';
import { includesText } from '@millrace/graph';
import { asNumber } from './arithmetic.js';
import { TemplateError } from './errors.js';
import { spend, spendText } from './meter.js';
import {
  defined,
  entriesOf,
  isList,
  isMapping,
  iterate,
  kindOf,
  plain,
  Range,
  sizeOf,
  Tuple,
  Undefined,
  valueAt,
  View,
  type Item,
} from './runtime.js';

/** Python's `==`: `1 == 1.0 == True`; lists, tuples and mappings deeply. */
export function equals(left: Item, right: Item): boolean {
  spend(1);
  const [a, b] = [plain(left), plain(right)];
  if (typeof a === 'string') {
    if (typeof b === 'string') spendText(Math.min(a.length, b.length));
    return a === b;
  }
  if (a instanceof Undefined) return b instanceof Undefined;
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x !== undefined || y !== undefined) return x !== undefined && y !== undefined && compareNumbers(x, y) === 0;
  if (a === b) return true;
  if (isList(a) && isList(b)) {
    const alike = a instanceof Tuple === b instanceof Tuple && a instanceof View === b instanceof View;
    return alike && a.length === b.length && a.every((item, i) => equals(item, b[i] ?? null));
  }
  if (a instanceof Range && b instanceof Range) return equals(a.items(), b.items());
  if (!isMapping(a) || !isMapping(b) || sizeOf(a) !== sizeOf(b)) return false;
  return entriesOf(a).every(([key, value]) => {
    const other = valueAt(b, key);
    return other !== undefined && equals(value, other);
  });
}

function compareNumbers(x: number | bigint | Float, y: number | bigint | Float): number {
  const [m, n] = [x instanceof Float ? x.value : x, y instanceof Float ? y.value : y];
  // Unlike `===`, the order operators compare a bigint with a double by value.
  return m < n ? -1 : m > n ? 1 : m >= n ? 0 : Number.NaN;
}

/** By code points, as Python orders texts. */
export function compareText(a: string, b: string): number {
  const size = Math.min(a.length, b.length);
  let at = 0;
  while (at < size && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  spendText(at);
  if (at === size) return a.length - b.length;
  // Surrogates stand for code points above the rest of the basic plane.
  const rank = (unit: number) => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit);
  return rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
}

/** Python's order: negative, zero, positive, or NaN for a comparison that never holds. @throws TemplateError */
export function order(left: Item, right: Item, operator = '<'): number {
  spend(2);
  const [a, b] = [defined(left), defined(right)];
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x !== undefined && y !== undefined) return compareNumbers(x, y);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (isList(a) && isList(b) && kindOf(a) === kindOf(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
      if (!equals(a[i] as Item, b[i] as Item)) return order(a[i] as Item, b[i] as Item, operator);
    }
    return a.length - b.length;
  }
  throw new TemplateError(`'${operator}' not supported between instances of '${kindOf(left)}' and '${kindOf(right)}'`);
}

export function contains(container: Item, item: Item): boolean {
  const holder = plain(container);
  if (typeof holder === 'string') {
    const part = defined(item);
    if (typeof part !== 'string')
      throw new TemplateError(`'in <string>' requires string as left operand, not ${kindOf(item)}`);
    spendText(holder.length + part.length);
    return includesText(holder, part);
  }
  if (isMapping(holder)) return valueAt(holder, item) !== undefined;
  if (isList(holder)) return holder.some((each) => equals(each, item));
  if (holder instanceof Undefined || holder instanceof Range) return iterate(holder).some((each) => equals(each, item));
  throw new TemplateError(`argument of type '${kindOf(container)}' is not iterable`);
}

export function compare(operator: string, left: Item, right: Item): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return order(left, right, operator) < 0;
    case '<=':
      return order(left, right, operator) <= 0;
    case '>':
      return order(left, right, operator) > 0;
    default:
      return order(left, right, operator) >= 0;
  }
}
