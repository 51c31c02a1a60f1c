import type { Cursor } from './cursor.js';

export const startsComment = (cursor: Cursor): boolean =>
  cursor.peek() === '#' || (cursor.peek() === '/' && ['/', '*'].includes(cursor.peek(1)));

/** Skips one comment; those that begin with `#` also end where what holds them may: at one of `ends`. */
export function skipComment(cursor: Cursor, ends = ''): void {
  if (cursor.peek(1) === '*' && cursor.peek() === '/') {
    const end = cursor.text.indexOf('*/', cursor.at + 2);
    cursor.at = end < 0 ? cursor.text.length : end + 2;
    return;
  }
  const stops = cursor.peek() === '#' ? `\n\r${ends}` : '\n\r';
  while (!cursor.atEnd && !stops.includes(cursor.peek())) cursor.at += 1;
}
