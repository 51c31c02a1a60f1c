import type { Value } from '@millrace/contracts';
import { parseJson } from '@millrace/graph';
import { isLetter, type Cursor } from './cursor.js';

const shape = /^(-?)0*(\d*)(\.\d*)?([eE][+-]?\d+)?$/;

/**
 * A number in any of its forms (`.5`, `007`, `1_000`, `1e`), as text where it is none after all (`1,000`, `1/2`, `2024-01-01`).
 * `undefined` when letters follow: then all of it is text.
 */
export function readNumber(cursor: Cursor, isItem: boolean): Value | undefined {
  const begin = cursor.at;
  let text = '';
  for (; isPart(cursor, text, isItem); cursor.at += 1) if (cursor.peek() !== '_') text += cursor.peek();
  if (isLetter(cursor.peek())) {
    cursor.at = begin;
    return undefined;
  }
  if (/[+\-eE/,]$/.test(text)) {
    text = text.slice(0, -1);
    cursor.at -= 1;
  }
  const [, sign = '', whole = '', fraction, exponent = ''] = shape.exec(text) ?? [];
  if (!/^[-.]*\d/.test(text) || !shape.test(text)) return text;
  const decimals = fraction === '.' ? '.0' : (fraction ?? '');
  return parseJson(`${sign}${whole === '' ? '0' : whole}${decimals}${exponent}`);
}

function isPart(cursor: Cursor, before: string, isItem: boolean): boolean {
  const char = cursor.peek();
  if (char === ',') return !isItem && /\d/.test(cursor.peek(1));
  return char !== '' && ('0123456789-.eE/_'.includes(char) || (char === '+' && /[eE]$/.test(before)));
}
