import { Float } from '@millrace/contracts';
import { floatValue, isInteger, isNumber, integerValue, toDouble } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { escapeText } from './escape.js';
import { boundedInteger, boundedText, boundList, maxIntegerBits, spend } from './meter.js';
import type { Numeric } from './number-format.js';
import { isText, print } from './printing.js';
import { defined, isList, isSpecial, kindOf, Markup, Tuple, View, type Item } from './runtime.js';
import { formatPercent } from './text-format.js';

/** Booleans count as 1 and 0. */
export function asNumber(item: Item): Numeric | undefined {
  if (typeof item === 'boolean') return Number(item);
  return !isSpecial(item) && isNumber(item as number) ? (item as Numeric) : undefined;
}

const concatenate = (a: string, b: string): string => {
  if (a.length + b.length < 4096) return a + b;
  return boundedText(a.length + b.length, () => a + b);
};

/** Python's binary operators; `~` joins texts. @throws TemplateError */
export function binary(operator: string, left: Item, right: Item): Item {
  if (operator === '~') return concatenate(print(left), print(right));
  if (operator === '+' && isText(left) && isText(right)) {
    if (typeof left === 'string' && typeof right === 'string') return concatenate(left, right);
    return new Markup(concatenate(escapeText(left), escapeText(right)));
  }
  if (operator === '%' && isText(left)) return formatPercent(print(left), right);
  const [a, b] = [defined(left), defined(right)];
  const [x, y] = [asNumber(a), asNumber(b)];
  if (x !== undefined && y !== undefined) return calculate(operator, x, y);
  if (operator === '+' && isList(a) && isList(b) && kindOf(a) === kindOf(b) && !(a instanceof View)) {
    boundList(a.length + b.length);
    const joined: Item[] = [...a, ...b];
    return a instanceof Tuple ? Tuple.with(joined) : (joined as typeof a);
  }
  if (operator === '*') {
    const times = isInteger(y) ? Number(y) : isInteger(x) ? Number(x) : undefined;
    const repeated = times === undefined ? undefined : repeat(isInteger(y) ? a : b, Math.max(0, times));
    if (repeated !== undefined) return repeated;
  }
  throw new TemplateError(mismatch(operator, a, b));
}

const isSequence = (item: Item): boolean => typeof item === 'string' || (isList(item) && !(item instanceof View));

/** What Python says of operands that do not go together. */
function mismatch(operator: string, left: Item, right: Item): string {
  const [kind, other] = [kindOf(left), kindOf(right)];
  if (operator === '+' && isSequence(left)) return `can only concatenate ${kind} (not "${other}") to ${kind}`;
  if (operator === '*' && (isSequence(left) || isSequence(right)))
    return `can't multiply sequence by non-int of type '${isSequence(left) ? other : kind}'`;
  return `unsupported operand type(s) for ${operator === '**' ? '** or pow()' : operator}: '${kind}' and '${other}'`;
}

function repeat(value: Item, count: number): Item | undefined {
  if (typeof value === 'string') return boundedText(value.length * count, () => value.repeat(count));
  if (!isList(value) || value instanceof View) return undefined;
  boundList(value.length * count);
  const items: Item[] = [];
  for (let i = 0; i < count && value.length > 0; i += 1) items.push(...value);
  return value instanceof Tuple ? Tuple.with(items) : (items as typeof value);
}

export function negate(item: Item, operator: '-' | '+'): Item {
  const number = asNumber(defined(item));
  if (number === undefined) throw new TemplateError(`bad operand type for unary ${operator}: '${kindOf(item)}'`);
  if (operator === '+') return number;
  if (number instanceof Float) return new Float(-number.value);
  return typeof number === 'bigint' ? integerValue(-number) : number === 0 ? 0 : -number;
}

function calculate(operator: string, x: Numeric, y: Numeric): Item {
  if (isInteger(x) && isInteger(y) && operator !== '/') return calculateIntegers(operator, x, y);
  const [a, b] = [toDouble(x), toDouble(y)];
  if ((!Number.isFinite(a) && isInteger(x)) || (!Number.isFinite(b) && isInteger(y)))
    throw new TemplateError('int too large to convert to float');
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
      return floatValue((a - floatModulo(a, b)) / b);
    case '%':
      return floatValue(floatModulo(a, b));
    default:
      return power(a, b);
  }
}

function floatModulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function power(a: number, b: number): Item {
  if (a === 0 && b < 0) throw new TemplateError('0.0 cannot be raised to a negative power');
  if (a < 0 && Number.isFinite(b) && !Number.isInteger(b)) throw new TemplateError('complex numbers are not supported');
  if (a === 1 || (a === -1 && !Number.isFinite(b))) return new Float(1);
  const result = a ** b;
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b))
    throw new TemplateError("(34, 'Numerical result out of range')");
  return floatValue(result);
}

function calculateIntegers(operator: string, x: number | bigint, y: number | bigint): Item {
  if (typeof x === 'number' && typeof y === 'number') {
    const quick = operator === '+' ? x + y : operator === '-' ? x - y : operator === '*' ? x * y : Number.NaN;
    if (Number.isSafeInteger(quick)) return quick === 0 ? 0 : quick;
  }
  const [a, b] = [BigInt(x), BigInt(y)];
  if (b === 0n && (operator === '//' || operator === '%'))
    throw new TemplateError('integer division or modulo by zero');
  switch (operator) {
    case '+':
      return integerValue(boundedInteger(a + b));
    case '-':
      return integerValue(boundedInteger(a - b));
    case '*':
      return integerValue(boundedInteger(a * b));
    case '//':
      spend(bits(a) >> 4);
      return integerValue((a - floorModulo(a, b)) / b);
    case '%':
      spend(bits(a) >> 4);
      return integerValue(floorModulo(a, b));
    default:
      if (b < 0n) return power(Number(a), Number(b));
      if (a > 1n || a < -1n) {
        if (b * BigInt(bits(a) - 1) > maxIntegerBits)
          throw new TemplateError(`A number in the template exceeds ${maxIntegerBits} bits`);
      }
      if (a >= -1n && a <= 1n) return a === -1n ? (b % 2n === 0n ? 1 : -1) : b === 0n ? 1 : Number(a);
      return integerValue(boundedInteger(a ** b));
  }
}

const bits = (value: bigint): number => (value < 0n ? -value : value).toString(2).length;

/** Python's remainder has the sign of the divisor. */
function floorModulo(a: bigint, b: bigint): bigint {
  const remainder = a % b;
  return remainder !== 0n && remainder < 0n !== b < 0n ? remainder + b : remainder;
}
