import { Float } from '@millrace/contracts';
import { isInteger, toDouble } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { boundedText, boundList, maxTextLength } from './meter.js';
import { print } from './printing.js';
import { exponentText, fixedText, generalText, withoutZeros } from './round.js';
import { kindOf, plain, type Item } from './runtime.js';

export type Numeric = number | bigint | Float;

export const pad = (body: string, width: number, align: string, fill: string): string => {
  // Widths count characters; bodies beyond the basic plane are rare enough to be measured only when padding.
  const room = width - [...body].length;
  if (room <= 0) return body;
  return boundedText(width, () => {
    if (align === '<') return body + fill.repeat(room);
    if (align === '>') return fill.repeat(room) + body;
    const left = Math.floor(room / 2);
    return fill.repeat(left) + body + fill.repeat(room - left);
  });
};

/** The character of a code point. @throws TemplateError */
export function character(code: number): string {
  if (!(code >= 0 && code <= 0x10ffff)) throw new TemplateError('%c arg not in range(0x110000)');
  return String.fromCodePoint(code);
}

const prefixes: Record<string, [radix: number, prefix: string]> = {
  b: [2, '0b'],
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

/** Digits of a whole number in the radix of a format letter. */
export function radixText(value: number | bigint, type: string): { digits: string; prefix: string } {
  const size = BigInt(value) < 0n ? -BigInt(value) : BigInt(value);
  const [radix, prefix] = prefixes[type] ?? [10, ''];
  const digits = radix === 10 ? print(size) : size.toString(radix);
  return { digits: type === 'X' ? digits.toUpperCase() : digits, prefix };
}

/** `|x|` in one of the styles `e f g %` of either case. */
export function realText(x: number, type: string, precision: number, alternate: boolean): string {
  const size = Math.abs(x);
  const style = type.toLowerCase();
  const text =
    style === 'f'
      ? fixedText(size, precision)
      : style === 'e'
        ? exponentText(size, precision)
        : style === '%'
          ? `${fixedText(size * 100, precision)}%`
          : generalText(size, precision, alternate);
  return type === style ? text : text.toUpperCase();
}

const specification = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d{1,9})?([,_])?(?:\.(\d{1,9}))?([a-zA-Z%])?$/su;

/** Python's `format(value, spec)`. @throws TemplateError */
export function formatValue(item: Item, spec: string): string {
  if (spec === '') return print(item);
  const match = specification.exec(spec);
  if (!match) throw new TemplateError(`Invalid format specifier '${spec}' for object of type '${kindOf(item)}'`);
  const [, fillGiven, alignGiven, plus = '-', alternate, zero, widthText, grouping = '', digits, type = ''] = match;
  const width = Number(widthText ?? 0);
  const precision = digits === undefined ? undefined : Number(digits);
  if (width > maxTextLength || (precision ?? 0) > maxTextLength)
    throw new TemplateError(`A text in the template exceeds ${maxTextLength} characters`);
  const fill = fillGiven ?? (zero && alignGiven === undefined ? '0' : ' ');
  const unknown = () => new TemplateError(`Unknown format code '${type}' for object of type '${kindOf(item)}'`);
  const value = plain(item);
  if (typeof value === 'string') {
    if (type !== '' && type !== 's') throw unknown();
    if (alignGiven === '=' || match[3] || alternate || grouping)
      throw new TemplateError(`Format specifier '${spec}' not allowed for strings`);
    const cut = precision === undefined ? value : [...value].slice(0, precision).join('');
    return pad(cut, width, alignGiven ?? '<', fill);
  }
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (!(typeof number === 'number' || typeof number === 'bigint' || number instanceof Float))
    throw new TemplateError(`unsupported format string passed to ${kindOf(item)}.__format__`);
  const isWhole = isInteger(number);
  let [body, prefix] = ['', ''];
  const x = toDouble(number);
  if (isWhole && ['', 'd', 'b', 'o', 'x', 'X', 'n', 'c'].includes(type)) {
    if (precision !== undefined) throw new TemplateError('Precision not allowed in integer format specifier');
    if (type === 'c') return pad(character(Number(number)), width, alignGiven ?? '<', fill);
    const parts = radixText(number, type);
    body = parts.digits;
    prefix = alternate ? parts.prefix : '';
  } else if (['e', 'E', 'f', 'F', 'g', 'G', '%', 'n'].includes(type)) {
    body = realText(x, type === 'n' ? 'g' : type, precision ?? 6, alternate !== undefined);
  } else if (type === '' && !isWhole) {
    body = precision === undefined ? print(number).replace('-', '') : shortText(Math.abs(x), precision);
  } else throw unknown();
  const negative = x < 0 || Object.is(x, -0);
  const signText = negative ? '-' : plus === '-' ? '' : plus;
  const grouped = grouping ? group(body, grouping, 'boxX'.includes(type) && type !== '' ? 4 : 3) : body;
  const align = alignGiven ?? (zero ? '=' : '>');
  if (align !== '=') return pad(signText + prefix + grouped, width, align, fill);
  const lead = signText + prefix;
  if (fill === '0' && grouping) return lead + zeroGrouped(body, width - lead.length, grouping);
  return lead + pad(grouped, width - lead.length, '>', fill);
}

/** A float without a type letter but with digits: like `g`, with at least one decimal, and sooner with an exponent. */
function shortText(x: number, precision: number): string {
  const count = Math.max(1, precision);
  const [number = '', power = ''] = exponentText(x, count - 1).split('e');
  if (x !== 0 && Number(power) === count - 1) return `${withoutZeros(number)}e${power}`;
  const text = generalText(x, count, false);
  return /[.en]/.test(text) ? text : `${text}.0`;
}

function group(body: string, separator: string, size: number): string {
  const end = /^[\da-fA-F]*/.exec(body)?.[0].length ?? 0;
  const whole = body.slice(0, size === 3 ? (/^\d*/.exec(body)?.[0].length ?? 0) : end);
  const parts: string[] = [];
  const head = whole.length % size;
  boundList(Math.ceil(whole.length / size));
  if (head > 0) parts.push(whole.slice(0, head));
  for (let at = head; at < whole.length; at += size) parts.push(whole.slice(at, at + size));
  return parts.join(separator) + body.slice(whole.length);
}

/** Leading zeros are grouped too, so that the text is at least so wide. */
function zeroGrouped(body: string, width: number, separator: string): string {
  const whole = /^\d*/.exec(body)?.[0].length ?? 0;
  const rest = body.length - whole;
  let digits = Math.max(whole, Math.floor(((width - rest) * 3) / 4));
  while (digits + Math.floor((digits - 1) / 3) + rest < width) digits += 1;
  return boundedText(width, () => group('0'.repeat(digits - whole) + body, separator, 3));
}
