import { Float, type Value } from '@millrace/contracts';
import {
  floatValue,
  integerValue,
  isInteger,
  isNumber,
  pythonEquals,
  pythonRepr,
  pythonStr,
  toDouble,
} from '@millrace/graph';
import { TemplateError } from './errors.js';
import { fixedText } from './round.js';
import { boundedList, boundedText, defined, isMapping, isSpecial, kindOf, print, type Item } from './runtime.js';

/** Largest result of `**`, in bits. */
const maxPowerBits = 100_000;

type Numeric = number | bigint | Float;

function asNumber(item: Item): Numeric | undefined {
  if (typeof item === 'boolean') return Number(item);
  return !isSpecial(item) && isNumber(item) ? item : undefined;
}

/** Python's binary operators; `~` joins texts. @throws TemplateError */
export function binary(operator: string, left: Item, right: Item): Item {
  if (operator === '~') {
    const [a, b] = [print(left), print(right)];
    return boundedText(a.length + b.length, () => a + b);
  }
  const [a, b] = [defined(left), defined(right)];
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x !== undefined && y !== undefined) return calculate(operator, x, y);
  if (operator === '+' && typeof a === 'string' && typeof b === 'string')
    return boundedText(a.length + b.length, () => a + b);
  if (operator === '+' && Array.isArray(a) && Array.isArray(b))
    return boundedList(a.length + b.length, () => [...a, ...b]);
  if (operator === '*') {
    if (y !== undefined && isInteger(y)) return repeat(a, Number(y)) ?? unsupported(operator, left, right);
    if (x !== undefined && isInteger(x)) return repeat(b, Number(x)) ?? unsupported(operator, left, right);
  }
  if (operator === '%' && typeof a === 'string') return formatPercent(a, Array.isArray(b) ? b : [b]);
  return unsupported(operator, left, right);
}

function unsupported(operator: string, left: Item, right: Item): never {
  throw new TemplateError(`unsupported operand type(s) for ${operator}: '${kindOf(left)}' and '${kindOf(right)}'`);
}

function repeat(value: Value, times: number): Value | undefined {
  const count = Math.max(0, times);
  if (typeof value === 'string') return boundedText(value.length * count, () => value.repeat(count));
  if (Array.isArray(value))
    return boundedList(value.length * count, () => Array.from({ length: count }, () => value).flat());
  return undefined;
}

export function negate(item: Item, operator: '-' | '+'): Item {
  const number = asNumber(defined(item));
  if (number === undefined) throw new TemplateError(`bad operand type for unary ${operator}: '${kindOf(item)}'`);
  if (operator === '+') return number;
  if (number instanceof Float) return new Float(-number.value);
  return typeof number === 'bigint' ? integerValue(-number) : number === 0 ? 0 : -number;
}

function calculate(operator: string, x: Numeric, y: Numeric): Value {
  if (isInteger(x) && isInteger(y) && operator !== '/') return calculateIntegers(operator, x, y);
  const [a, b] = [toDouble(x), toDouble(y)];
  if (b === 0 && ['/', '//', '%'].includes(operator)) {
    const whole = operator === '/' && isInteger(x) && isInteger(y);
    throw new TemplateError(whole ? 'division by zero' : operator === '%' ? 'float modulo' : 'float division by zero');
  }
  switch (operator) {
    case '+':
      return floatValue(a + b);
    case '-':
      return floatValue(a - b);
    case '*':
      return floatValue(a * b);
    case '/':
      return floatValue(a / b);
    case '//':
      return floatValue(Math.floor(a / b));
    case '%':
      return floatValue(a - b * Math.floor(a / b));
    default:
      return floatValue(a ** b);
  }
}

function calculateIntegers(operator: string, x: number | bigint, y: number | bigint): Value {
  if (typeof x === 'number' && typeof y === 'number') {
    const quick = operator === '+' ? x + y : operator === '-' ? x - y : operator === '*' ? x * y : Number.NaN;
    if (Number.isSafeInteger(quick)) return quick === 0 ? 0 : quick;
  }
  const [a, b] = [BigInt(x), BigInt(y)];
  if (b === 0n && (operator === '//' || operator === '%'))
    throw new TemplateError('integer division or modulo by zero');
  switch (operator) {
    case '+':
      return integerValue(a + b);
    case '-':
      return integerValue(a - b);
    case '*':
      return integerValue(a * b);
    case '//':
      return integerValue((a - floorModulo(a, b)) / b);
    case '%':
      return integerValue(floorModulo(a, b));
    default:
      if (b < 0n) return floatValue(Number(a) ** Number(b));
      if (b * BigInt(a.toString(2).length) > maxPowerBits) throw new TemplateError('The result of ** is too large');
      return integerValue(a ** b);
  }
}

/** Python's remainder has the sign of the divisor. */
function floorModulo(a: bigint, b: bigint): bigint {
  const remainder = a % b;
  return remainder !== 0n && remainder < 0n !== b < 0n ? remainder + b : remainder;
}

export function equals(left: Item, right: Item): boolean {
  if (isSpecial(left) || isSpecial(right))
    return left === right || (kindOf(left) === 'Undefined' && kindOf(right) === 'Undefined');
  return pythonEquals(left, right);
}

/** Python's order: negative, zero or positive. @throws TemplateError for what can't be ordered */
export function order(left: Item, right: Item, operator = '<'): number {
  const [a, b] = [defined(left), defined(right)];
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x !== undefined && y !== undefined) {
    const [m, n] = [x instanceof Float ? x.value : x, y instanceof Float ? y.value : y];
    return m < n ? -1 : m > n ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
      if (!equals(a[i] as Item, b[i] as Item)) return order(a[i] as Item, b[i] as Item, operator);
    }
    return a.length - b.length;
  }
  throw new TemplateError(`'${operator}' not supported between instances of '${kindOf(left)}' and '${kindOf(right)}'`);
}

export function contains(container: Item, item: Item): boolean {
  const holder = defined(container);
  if (typeof holder === 'string') {
    const part = defined(item);
    if (typeof part === 'string') return holder.includes(part);
    throw new TemplateError(`'in <string>' requires string as left operand, not ${kindOf(item)}`);
  }
  if (Array.isArray(holder)) return holder.some((each) => equals(each, item));
  if (isMapping(holder)) return typeof item === 'string' && Object.hasOwn(holder, item);
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

/** Python's `text % values`. */
export function formatPercent(text: string, values: readonly Value[]): string {
  let used = 0;
  const result = text.replace(
    /%([-+0 #]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (whole, flags: string, width: string | undefined, digits: string | undefined, type: string) => {
      if (type === '%') return '%';
      if (used >= values.length) throw new TemplateError('not enough arguments for format string');
      const value = values[used++] as Value;
      const columns = Number(width ?? 0);
      const number = () => {
        const found = asNumber(value);
        if (found === undefined)
          throw new TemplateError(`%${type} format: a real number is required, not ${kindOf(value)}`);
        return found;
      };
      const precision = Math.min(Number(digits ?? 6), 100);
      let body: string;
      if (type === 's') body = pythonStr(value).slice(0, digits === undefined ? undefined : Number(digits));
      else if (type === 'r') body = pythonRepr(value);
      else if ('di'.includes(type)) body = wholeDigits(number());
      else if ('fF'.includes(type)) body = fixedText(toDouble(number()), precision);
      else if (type === 'e')
        body = toDouble(number())
          .toExponential(precision)
          .replace(/e([+-])(\d)$/, 'e$10$2');
      else if ('xX'.includes(type))
        body =
          type === 'x'
            ? BigInt(toDouble(number())).toString(16)
            : BigInt(toDouble(number())).toString(16).toUpperCase();
      else throw new TemplateError(`unsupported format character in '${whole}'`);
      if (flags.includes('+') && !'sr'.includes(type) && !body.startsWith('-')) body = `+${body}`;
      return boundedText(columns, () => pad(body, columns, flags, 'sr'.includes(type)));
    },
  );
  if (used < values.length) throw new TemplateError('not all arguments converted during string formatting');
  return result;
}

function pad(body: string, columns: number, flags: string, isText: boolean): string {
  if (flags.includes('-')) return body.padEnd(columns);
  if (!flags.includes('0') || isText) return body.padStart(columns);
  const sign = /^[+-]/.exec(body)?.[0] ?? '';
  return sign + body.slice(sign.length).padStart(columns - sign.length, '0');
}

function wholeDigits(value: Numeric): string {
  return (isInteger(value) ? BigInt(value) : BigInt(Math.trunc(toDouble(value)))).toString();
}
