/** A float as Python's `str` prints it: `1.0`, `0.1`, `1e-05`, `1e+16`, `nan`, `-inf`. */
export function formatFloat(n: number): string {
  if (Number.isNaN(n)) return 'nan';
  if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
  if (n === 0) return Object.is(n, -0) ? '-0.0' : '0.0';
  const size = Math.abs(n);
  if (size >= 1e-4 && size < 1e16) return Number.isInteger(n) ? `${n}.0` : String(n);
  const [mantissa = '', exponent = ''] = n.toExponential().split('e');
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
}

/** White space as Python's `strip` sees it; unlike JavaScript's, with the separators \x1c–\x1f and \x85. */
const anySpace = /^[^\S\ufeff]$|^[\x1c-\x1f\x85]$/;

/** Python's `strip`; loops, because a regular expression takes quadratic time on long inner spaces. */
export function pythonStrip(text: string, space = anySpace): string {
  let start = 0;
  let end = text.length;
  while (start < end && space.test(text.charAt(start))) start += 1;
  while (end > start && space.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Longest integer text that Python converts, digits. */
export const maxIntegerDigits = 4300;

/** Around numbers the separators \x1c–\x1f are none. */
const numeralSpace = /^[^\S\ufeff]$|^\x85$/;
const decimalDigit = /^\p{Nd}$/u;

/** A decimal digit of any script as an ASCII one: scripts have theirs in a row, from zero to nine. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let before = code;
  while (decimalDigit.test(String.fromCodePoint(before - 1))) before -= 1;
  return String((code - before) % 10);
}

/** Longer numbers have ASCII digits, or nobody means them: a million others would take a second. */
const longestForeign = 10_000;

/** A text as `int()` and `float()` look at it: without outer white space, all digits in ASCII. */
export function pythonNumeral(text: string): string {
  const stripped = pythonStrip(text, numeralSpace);
  return stripped.length > longestForeign ? stripped : stripped.replace(/(?!\d)\p{Nd}/gu, asciiDigit);
}

const digits = '\\d+(?:_\\d+)*';
const integerText = new RegExp(`^[+-]?${digits}$`);
const mantissa = `(?:${digits}(?:\\.(?:${digits})?)?|\\.${digits})`;
const floatText = new RegExp(`^([+-]?)(?:(${mantissa}(?:e[+-]?${digits})?)|inf|infinity|nan)$`, 'i');

/** `int(text)`: `undefined` where Python raises `ValueError`. */
export function parsePythonInt(text: string): number | bigint | undefined {
  const stripped = pythonNumeral(text);
  if (!integerText.test(stripped)) return undefined;
  const plain = stripped.replaceAll('_', '').replace('+', '');
  if (plain.replace('-', '').length > maxIntegerDigits) return undefined;
  const n = Number(plain);
  if (Number.isSafeInteger(n)) return n === 0 ? 0 : n;
  return plain.startsWith('-') ? -BigInt(plain.slice(1)) : BigInt(plain);
}

/** `float(text)` as a double: `undefined` where Python raises `ValueError`. See `floatValue` for a `Value`. */
export function parsePythonFloat(text: string): number | undefined {
  const stripped = pythonNumeral(text);
  const match = floatText.exec(stripped);
  if (!match) return undefined;
  if (match[2] !== undefined) return Number(stripped.replaceAll('_', ''));
  if (/nan$/i.test(stripped)) return Number.NaN;
  return match[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
