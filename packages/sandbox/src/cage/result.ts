import type { CodeLimit, CodeResult } from '@millrace/contracts';

/** The interpreters cut their errors sooner; code that has tampered with its interpreter may have avoided that. */
const longestError = 16_000;

function bounded(error: string): string {
  const left = error.length - longestError;
  return left > 0 ? `${error.slice(0, longestError)}… ${left} characters left out` : error;
}

export const failed = (error: string): CodeResult => ({ status: 'failed', error: bounded(error) });

export interface Limits {
  timeMs: number;
  memoryBytes: number;
  outputBytes: number;
}

const mebibytes = (bytes: number): string => `${Math.round((bytes / 1_048_576) * 10) / 10} MiB`;

/** The failure of a run that met a limit; names the limit and its size, and where it happened if that is known. */
export function overLimit(limit: CodeLimit, limits: Limits, where?: string): CodeResult {
  const sizes: Record<CodeLimit, string> = {
    time: `${limits.timeMs / 1_000} s`,
    memory: mebibytes(limits.memoryBytes),
    output: mebibytes(limits.outputBytes),
  };
  const error = `The code exceeded its ${limit} limit of ${sizes[limit]}`;
  return { status: 'failed', limit, error: where === undefined ? error : bounded(`${error}\n${where}`) };
}

/** More values (members of lists and mappings, at any depth) would fill a thread's heap here and hold up the worker that reads them. */
const maxValues = 200_000;

/** The value that code in the cage gave back, once it is sure to be JSON: the code may have tampered with its own encoder. */
export function returned(text: string, limits: Limits): CodeResult {
  if (hasMoreValues(text, maxValues))
    return overLimit('output', limits, `The result has more than ${maxValues} values`);
  return isJson(text) ? { status: 'returned', value: text } : failed('The result of the code is not JSON');
}

/** Counts commas and opening brackets outside of strings. */
function hasMoreValues(text: string, most: number): boolean {
  const marks = /\\[^]|[",[{]/g;
  let values = 0;
  let inString = false;
  for (let mark = marks.exec(text)?.[0]; mark !== undefined; mark = marks.exec(text)?.[0]) {
    if (mark === '"') inString = !inString;
    else if (!inString && !mark.startsWith('\\') && ++values > most) return true;
  }
  return false;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Python writes NaN and infinities as bare words, outside of strings.
    let inString = false;
    const plain = text.replace(/\\[^]|"|(?<![\w.+-])(?:-?Infinity|NaN)(?![\w.])/g, (token) => {
      if (token === '"') inString = !inString;
      return inString || token === '"' || token.startsWith('\\') ? token : '0';
    });
    return plain !== text && isPlainJson(plain);
  }
}

function isPlainJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
