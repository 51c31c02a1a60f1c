import { type Float } from '@millrace/contracts';
import { floatValue, isInteger, isNumber, toDouble } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { boundedInteger, boundedText, spend } from './meter.js';
import { defined, integer, isSpecial, kindOf, type Item } from './runtime.js';

const maxDigits = 5000;

/** Jinja's `round`: `common` rounds as Python does (ties to even, on the exact double), `ceil` and `floor` as named. */
export function roundNumber(item: Item, precision: Item | undefined, method: string): Item {
  const value = defined(item);
  const digits = integer(precision, 0);
  if (!['common', 'ceil', 'floor'].includes(method)) throw new TemplateError('method must be common, ceil or floor');
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (isSpecial(number) || !isNumber(number as number))
    throw new TemplateError(`type ${kindOf(value)} doesn't define __round__ method`);
  const real = number as number | bigint | Float;
  if (method === 'ceil' || method === 'floor') {
    const factor = 10 ** digits;
    const scaled = Math[method](toDouble(real) * factor);
    if (!Number.isFinite(scaled)) throw new TemplateError('cannot convert float infinity to integer');
    // Python's ceil gives an integer, which has no negative zero.
    return floatValue((scaled + 0) / factor);
  }
  if (isInteger(real)) return digits >= 0 ? real : roundInteger(BigInt(real), -digits);
  const x = toDouble(real);
  if (!Number.isFinite(x) || digits > 400) return floatValue(x);
  return floatValue(digits < -400 ? 0 : Number(fixedText(x, digits)));
}

function roundInteger(value: bigint, zeros: number): number | bigint {
  if (zeros > maxDigits) return 0;
  const unit = 10n ** BigInt(zeros);
  const rounded = divideHalfEven(value < 0n ? -value : value, unit) * unit;
  const signed = value < 0n ? -rounded : rounded;
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : boundedInteger(signed);
}

function divideHalfEven(value: bigint, by: bigint): bigint {
  const whole = value / by;
  const twice = (value - whole * by) * 2n;
  return twice > by || (twice === by && whole % 2n === 1n) ? whole + 1n : whole;
}

const view = new DataView(new ArrayBuffer(8));

/** `|x|` as `digits / 10 ** scale`, exactly. */
function exactDecimal(x: number): { digits: bigint; scale: number } {
  view.setFloat64(0, Math.abs(x));
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponent === 0 ? fraction : fraction | 0x10000000000000n;
  const power = Math.max(exponent, 1) - 1075;
  if (power >= 0) return { digits: mantissa << BigInt(power), scale: 0 };
  return { digits: mantissa * 5n ** BigInt(-power), scale: -power };
}

/** `|x| * 10 ** places`, rounded to the nearest whole number, ties to even. */
function scaled(x: number, places: number): bigint {
  const { digits, scale } = exactDecimal(x);
  spend(20);
  return places >= scale
    ? digits * 10n ** BigInt(places - scale)
    : divideHalfEven(digits, 10n ** BigInt(scale - places));
}

const sign = (x: number) => (x < 0 || Object.is(x, -0) ? '-' : '');
const isFiniteNumber = (x: number) => Number.isFinite(x);
const words = (x: number) => (Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf');
const zeros = (count: number) => boundedText(count, () => '0'.repeat(count));

/** A double with so many decimals, as Python's `%.2f` writes it; negative places round whole digits. */
export function fixedText(x: number, places: number): string {
  if (!isFiniteNumber(x)) return words(x);
  const kept = Math.min(places, 1100);
  const digits = scaled(x, kept).toString();
  if (kept <= 0) return sign(x) + (digits === '0' ? '0' : digits + '0'.repeat(-kept));
  const padded = digits.padStart(kept + 1, '0');
  return `${sign(x)}${padded.slice(0, -kept)}.${padded.slice(-kept)}${zeros(places - kept)}`;
}

/** A double as Python's `%e` writes it. */
export function exponentText(x: number, places: number): string {
  if (!isFiniteNumber(x)) return words(x);
  const kept = Math.min(places, 1100);
  const { digits, exponent } = significant(x, kept + 1);
  const tail = digits.slice(1) + zeros(places - kept);
  return `${sign(x)}${digits.charAt(0)}${tail && '.'}${tail}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function significant(x: number, count: number): { digits: string; exponent: number } {
  if (x === 0) return { digits: '0'.repeat(count), exponent: 0 };
  let exponent = Math.floor(Math.log10(Math.abs(x)));
  for (const guess of [exponent, exponent - 1, exponent + 1]) {
    const digits = scaled(x, count - 1 - guess).toString();
    exponent = guess;
    if (digits.length === count) return { digits, exponent };
  }
  // Rounding carried into a new digit: 9.99 as 10.0.
  return { digits: '1'.padEnd(count, '0'), exponent };
}

/** A double as Python's `%g` writes it; `keepZeros` for the alternate form. */
export function generalText(x: number, precision: number, keepZeros: boolean): string {
  if (!isFiniteNumber(x)) return words(x);
  const count = Math.max(1, precision);
  const exponent = x === 0 ? 0 : Number(exponentText(x, Math.min(count, 1100) - 1).split('e')[1]);
  const text =
    exponent >= -4 && exponent < count
      ? fixedText(x, count - 1 - exponent)
      : exponentText(x, Math.min(count, 1100) - 1);
  if (keepZeros || !text.includes('.')) return text;
  const [number = '', power] = text.split('e');
  return withoutZeros(number) + (power === undefined ? '' : `e${power}`);
}

/** Decimals without the zeros at their end. */
export function withoutZeros(number: string): string {
  if (!number.includes('.')) return number;
  let end = number.length;
  while (number.charAt(end - 1) === '0') end -= 1;
  return number.slice(0, number.charAt(end - 1) === '.' ? end - 1 : end);
}
