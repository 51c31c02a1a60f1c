/** Python's `splitlines` without blank lines (dsl appendix A). */
export const textLines = (text: string): string[] =>
  text.split(/\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]/).filter((line) => line.trim() !== '');

/** A line `key: value`; without a colon the value is empty. */
export function splitPair(line: string): [key: string, value: string] {
  const at = line.indexOf(':');
  return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

/** Pairs as Python's `urlencode` writes them. */
export const encodePairs = (pairs: [string, string][]): string =>
  new URLSearchParams(pairs).toString().replaceAll('*', '%2A').replaceAll('%7E', '~');
