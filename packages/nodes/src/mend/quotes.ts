import { isLetter, isWord, type Cursor } from './cursor.js';

/** Where a text stands: as a member's name, as its value, or as an item of a list. */
export type Place = 'name' | 'value' | 'item';

export const quotes = '"\'“”';

export const closingOf = (opening: string): string => (opening === '“' ? '”' : opening);

/** What a quote inside of a text is. */
export type Meaning = 'end' | 'literal' | 'literal-and-next';

/**
 * What the quote at the cursor means to the text that it might end. `inList`: a list is somewhere around.
 *
 * The questions are those of Python's `json_repair`, whose results workflows know from Dify: what stands between this quote and the
 * next, and would a member or an end follow that one?
 */
export function meaningOfQuote(cursor: Cursor, place: Place, close: string, inList: boolean): Meaning {
  const next = nextLandmark(cursor, place, close, inList);
  const char = cursor.text[next] ?? '';
  if (char === ',' && place === 'value') {
    const after = cursor.nextSolid(cursor.find(close, next + 1) + 1);
    return after === '}' || after === ',' ? 'literal' : 'end';
  }
  if (char !== close) return 'end';
  const isDoubled = cursor.pastSpace(cursor.at + 1) === next;
  const endsMember = place === 'value' && memberFollows(cursor, next + 1);
  if (isDoubled && !endsMember) return 'end';
  switch (place) {
    case 'name':
      return 'literal';
    case 'value':
      if (endsMember) return 'literal';
      return startsName(cursor, cursor.find(close, next + 1) + 1, close) ? 'end' : 'literal-and-next';
    case 'item':
      return isPaired(cursor, close, next) ? 'literal-and-next' : 'end';
  }
}

/** The next quote, or what would end the text before it comes. */
function nextLandmark(cursor: Cursor, place: Place, close: string, inList: boolean): number {
  let onlySigns = true;
  const stops = (char: string): boolean =>
    char === close ||
    (place === 'name' && (char === ':' || char === '}')) ||
    (place === 'value' && (char === '}' || (char === ',' && onlySigns))) ||
    (inList && (char === ']' || char === ','));
  let at = cursor.at + 1;
  for (; at < cursor.text.length; at += 1) {
    const char = cursor.text[at] ?? '';
    if (isLetter(char)) onlySigns = false;
    if (stops(char)) break;
  }
  cursor.steps.spend(at - cursor.at);
  return at;
}

/** Whether a colon comes before anything that ends a value. */
function startsName(cursor: Cursor, from: number, close: string): boolean {
  return cursor.text[cursor.find(`:,]}${close}`, from)] === ':';
}

/** Whether quotes come in pairs until the list ends. */
function isPaired(cursor: Cursor, close: string, from: number): boolean {
  for (let at = from; ;) {
    at = cursor.find(`${close}]`, at + 1);
    if (cursor.text[at] !== close) return false;
    at = cursor.find(`${close}]`, at + 1);
    if (cursor.text[at] !== close) return true;
  }
}

/** Whether a comma and a member follow. */
function memberFollows(cursor: Cursor, from: number): boolean {
  const comma = cursor.pastSpace(from);
  if (cursor.text[comma] !== ',') return false;
  const begin = cursor.pastSpace(comma + 1);
  const char = cursor.text[begin] ?? '';
  if (char === '') return false;
  if (quotes.includes(char)) return isQuotedName(cursor, begin);
  return isWord(char) && cursor.nextSolid(cursor.pastName(begin)) === ':';
}

const isQuotedName = (cursor: Cursor, begin: number): boolean => {
  const close = closingOf(cursor.text[begin] ?? '');
  const end = cursor.find(close, begin + 1);
  return end < cursor.text.length && cursor.nextSolid(end + 1) === ':';
};

/** Whether the comma at the cursor ends a value whose text did not end: a member follows, or nothing at all. */
export function commaEndsValue(cursor: Cursor): boolean {
  const begin = cursor.pastSpace(cursor.at + 1);
  const char = cursor.text[begin] ?? '';
  if (char === '' || char === '}') return true;
  if (quotes.includes(char)) return isQuotedName(cursor, begin);
  if (char === '{' || char === '[') return false;
  const nameEnd = cursor.pastSpace(cursor.pastName(begin));
  if (isWord(char) && cursor.text[nameEnd] === ':' && hasPlainValue(cursor, nameEnd + 1)) return true;
  const next = cursor.find(`${quotes}{[`, begin);
  return quotes.includes(cursor.text[next] ?? '{') && isQuotedName(cursor, next);
}

/** Whether a value begins that prose would hardly hold after a colon. */
function hasPlainValue(cursor: Cursor, from: number): boolean {
  const begin = cursor.pastSpace(from);
  const head = cursor.text.slice(begin, begin + 6);
  if (/^(["'“”{[\d-]|(true|false|null)(?![^\s,}\]]))/.test(head)) return true;
  return cursor.text[cursor.find(`${quotes}}`, begin)] === '}';
}

/** Whether the brace at the cursor ends the object, because no quote will end the value. */
export function braceEndsValue(cursor: Cursor, open: string, close: string): boolean {
  const { at, text } = cursor;
  if (text[at + 1] === '\\') return false;
  const quote = cursor.find(close, at + 1);
  if (quote >= text.length) {
    if (cursor.find(':', at + 1) < text.length) return true;
    const begin = cursor.pastSpace(at + 1);
    return cursor.find('}', begin) - begin <= 1;
  }
  const after = cursor.pastSpace(quote + 1);
  if (after >= text.length || text[after] === ',' || text[after] === '}') return false;
  const next = cursor.find(open, after);
  return next < text.length && [':', ''].includes(cursor.nextSolid(next + 1));
}
