import { jsonrepair } from 'jsonrepair';

/** An escape, or a backslash that begins none. */
const escapes = /\\(?:["'\\/bfnrt]|u[0-9a-fA-F]{4})|\\/g;

/**
 * JSON of a careless text, in quadratic time. Backslashes that begin no escape (of paths, patterns, formulas) are kept, as
 * Python's `json_repair` does; the library would drop them. @throws when the text is beyond repair
 */
export const mendJson = (text: string): string =>
  jsonrepair(text.replace(escapes, (token) => (token === '\\' ? '\\\\' : token)));
