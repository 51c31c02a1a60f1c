import type { Cursor } from './cursor.js';
import { quotes } from './quotes.js';

const controls: Partial<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b', '/': '/', '\\': '\\' };

/**
 * Reads the escape at the cursor. A backslash that begins none (of paths, patterns, formulas) is kept; `\f` is one of these, because
 * models write formulas and no form feeds.
 */
export function readEscape(cursor: Cursor): string {
  const char = cursor.peek(1);
  const digits = /^(?:u[0-9a-f]{4}|x[0-9a-f]{2})/i.exec(cursor.text.slice(cursor.at + 1, cursor.at + 6))?.[0];
  if (digits !== undefined && !/^[UX]/.test(digits)) {
    cursor.at += 1 + digits.length;
    return String.fromCharCode(parseInt(digits.slice(1), 16));
  }
  const meant = controls[char] ?? (char !== '' && quotes.includes(char) ? char : undefined);
  cursor.at += meant === undefined ? 1 : 2;
  return meant ?? '\\';
}
