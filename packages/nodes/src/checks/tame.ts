import type { Check } from './check.js';

/** Words of schemas whose checks can take far longer than their text is long: backtracking, quadratic, doubling. */
const wild = /"(pattern|patternProperties|uniqueItems|\$ref|\$dynamicRef|\$recursiveRef)":/;
/** Without such words a check takes at most as many steps as the schema and the value are long, multiplied. */
const maxSteps = 10_000_000;
/** Longer texts are mended elsewhere: it may take a while. */
const maxMended = 4096;

/**
 * Can a check be done in the thread that serves everybody? It then takes some milliseconds at most. Schemas come as
 * `stringifyJson` writes them, without spaces and escapes that could hide a word. A property that is called like one of the words
 * costs its schema the short way, no more.
 */
export function isTame({ kind, schema, text }: Check): boolean {
  if (kind === 'mend') return text.length <= maxMended;
  if (schema.length * Math.max(text.length, 1000) > maxSteps || wild.test(schema)) return false;
  return kind !== 'answer' || text.length <= maxMended || isJson(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // it has to be mended
  }
}
