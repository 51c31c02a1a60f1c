import type { Value } from '@millrace/contracts';
import { isSpace, isWord, type Cursor } from './cursor.js';
import { readEscape } from './escapes.js';
import { braceEndsValue, closingOf, commaEndsValue, meaningOfQuote, quotes, type Place } from './quotes.js';

const literals: [word: string, value: Value][] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['none', null],
];

/** A text, with or without its quotes, and how it is read. */
interface Reading {
  cursor: Cursor;
  place: Place;
  inList: boolean;
  open: string;
  close: string;
  isQuoted: boolean;
  /** Both its quotes are doubled. */
  isDoubled: boolean;
  text: string;
  /** Its last character. */
  last: string;
  /** The next quote belongs to the text. */
  isNextLiteral: boolean;
  /** Braces of the text's own that are open. */
  braces: number;
}

/** Reads a text or a literal; `inList`: a list is somewhere around. What comes before any quote or word is skipped. */
export function readText(cursor: Cursor, place: Place, inList: boolean): Value {
  const begin = cursor.at;
  while (!isStart(cursor.peek())) {
    if (cursor.atEnd || '}]'.includes(cursor.peek())) break;
    cursor.at += 1;
  }
  cursor.steps.spend(cursor.at - begin);
  if (!isStart(cursor.peek())) return '';
  const open = quotes.includes(cursor.peek()) ? cursor.peek() : '';
  const plain = open === '"' ? readPlain(cursor, place) : undefined;
  if (plain !== undefined) return plain;
  const literal = open === '' && place !== 'name' ? readLiteral(cursor) : undefined;
  if (literal !== undefined) return literal;
  const reading: Reading = {
    ...{ cursor, place, inList, text: '', last: '', isNextLiteral: false, braces: 0 },
    ...{ open: open || '"', close: closingOf(open || '"'), isQuoted: open !== '', isDoubled: false },
  };
  if (open !== '') {
    cursor.at += 1;
    if (cursor.peek() === open && isEmptyText(reading)) return '';
  }
  scan(reading);
  return finished(reading);
}

const isStart = (char: string): boolean => char !== '' && (quotes.includes(char) || isWord(char));

const ends: Record<Place, string> = { name: ':', value: ',}', item: ',]' };

/** The commonest text: in double quotes, without anything odd, and followed by what must follow. */
function readPlain(cursor: Cursor, place: Place): string | undefined {
  const end = cursor.text.indexOf('"', cursor.at + 1);
  if (end < 0) return undefined;
  const text = cursor.text.slice(cursor.at + 1, end);
  const next = cursor.nextSolid(end + 1);
  if (/[\\\n\r]/.test(text) || (next === '' ? place === 'name' : !ends[place].includes(next))) return undefined;
  cursor.at = end + 1;
  return text;
}

function readLiteral(cursor: Cursor): Value | undefined {
  for (const [word, value] of literals) {
    const end = cursor.at + word.length;
    const next = cursor.text[end] ?? '';
    if (cursor.text.slice(cursor.at, end).toLowerCase() !== word || !(isSpace(next) || ',)]}'.includes(next))) continue;
    cursor.at = end;
    return value;
  }
  return undefined;
}

/** Two opening quotes: an empty text, a text with doubled quotes, or one too many. */
function isEmptyText(reading: Reading): boolean {
  const { cursor, place, close } = reading;
  const next = cursor.peek(1);
  if (next !== '' && ends[place].includes(next)) {
    cursor.at += 1;
    return true;
  }
  if (next === reading.open) return true;
  const end = cursor.find(close, cursor.at + 1);
  if (cursor.text[end + 1] === close) {
    reading.isDoubled = true;
    cursor.at += 1;
    return false;
  }
  const outer = cursor.find(close, end + 1);
  const afterOuter = cursor.nextSolid(outer + 1);
  if (
    place === 'value' &&
    cursor.pastSpace(cursor.at + 1) < end &&
    outer < cursor.text.length &&
    [',', '}', ''].includes(afterOuter)
  ) {
    reading.text = reading.last = reading.open;
    reading.isNextLiteral = true;
    cursor.at += 1;
    return false;
  }
  const solid = cursor.nextSolid(cursor.at + 1);
  if (solid !== '' && `${quotes}{[`.includes(solid)) {
    cursor.at += 1;
    return true;
  }
  if (!',]}'.includes(solid) || solid === '') cursor.at += 1;
  return false;
}

function take(reading: Reading): void {
  const { cursor } = reading;
  const char = cursor.peek();
  if (char === '{') reading.braces += 1;
  if (char === '}' && reading.braces > 0) reading.braces -= 1;
  reading.last = char === '\\' ? readEscape(cursor) : char;
  reading.text += reading.last;
  if (char !== '\\') cursor.at += 1;
}

/** Reads to the end of the text, wherever that is: at a quote, or where one must have been left out. */
function scan(reading: Reading): void {
  const { cursor, close } = reading;
  for (let isFirst = true; !cursor.atEnd; isFirst = false) {
    if (cursor.peek() === close) {
      if (isFirst && reading.text === '') return;
      const next = quoteInside(reading);
      if (next === 'end') return;
      take(reading);
    } else if (endsWithoutQuote(reading)) return;
    else take(reading);
  }
}

function quoteInside(reading: Reading): 'end' | 'literal' {
  const { cursor, place, close, inList } = reading;
  if (reading.isDoubled && cursor.peek(1) === close) {
    cursor.at += 1;
    return 'end';
  }
  if (!reading.isQuoted && place === 'value') return 'end';
  if (reading.isNextLiteral) {
    reading.isNextLiteral = false;
    return 'literal';
  }
  const meaning = meaningOfQuote(cursor, place, close, inList);
  reading.isNextLiteral = meaning === 'literal-and-next';
  return meaning === 'end' ? 'end' : 'literal';
}

function endsWithoutQuote(reading: Reading): boolean {
  const { cursor, place, open, close, inList, isQuoted, last } = reading;
  const char = cursor.peek();
  switch (place) {
    case 'name':
      if (!isQuoted) return ':,}'.includes(char) || (isSpace(char) && !isWordOfName(cursor));
      return char === ':' && last !== '' && isUnclosedName(cursor, open, close);
    case 'value':
      if (char === ',') return commaEndsValue(cursor);
      if (char === '}' && reading.braces === 0) {
        if (last !== close && braceEndsValue(cursor, open, close)) return true;
        const after = cursor.pastSpace(cursor.at + 1);
        return after >= cursor.text.length || cursor.text.startsWith('```', after);
      }
      break;
    case 'item':
      if (!isQuoted && '],}'.includes(char)) return true;
  }
  return char === ']' && inList && last !== close && cursor.find(close, cursor.at) >= cursor.text.length;
}

/** Names without quotes may have several words. */
const isWordOfName = (cursor: Cursor): boolean =>
  /^[^\S\n]+[\p{L}\p{N}_$][\p{L}\p{N}_$ .-]{0,100}:/u.test(cursor.text.slice(cursor.at, cursor.at + 120));

/** Whether the colon at the cursor comes after a name whose quote was left out. */
function isUnclosedName(cursor: Cursor, open: string, close: string): boolean {
  const begin = cursor.find(open, cursor.at + 1);
  if (begin >= cursor.text.length) return true;
  const end = cursor.find(close, begin + 1);
  return end < cursor.text.length && [',', '}'].includes(cursor.nextSolid(end + 1));
}

function finished({ cursor, close, isQuoted, text }: Reading): string {
  const isClosed = cursor.peek() === close;
  if (isClosed) cursor.at += 1;
  return isClosed && isQuoted && !text.endsWith('\n') ? text : text.trimEnd();
}
