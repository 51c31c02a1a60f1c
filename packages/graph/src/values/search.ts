/**
 * Searches in texts whose time is bounded by their lengths together, whatever they hold. The engine's own needs, at worst,
 * their product: 24 s for one search of 100,000 letters `a` with a `b` among them in a million.
 */

/** Up to this length the engine's own search is as good and mostly much faster. */
export const shortPart = 32;

/** For each beginning of a text how long the longest end is that is a beginning as well (Knuth, Morris, Pratt). */
function bordersOf(part: string): Int32Array {
  const borders = new Int32Array(part.length);
  for (let at = 1, length = 0; at < part.length; at += 1) {
    const code = part.charCodeAt(at);
    while (length > 0 && code !== part.charCodeAt(length)) length = borders[length - 1] ?? 0;
    if (code === part.charCodeAt(length)) length += 1;
    borders[at] = length;
  }
  return borders;
}

/** Positions of a part in order, overlapping ones too. */
function* positionsOf(text: string, part: string): Generator<number> {
  const borders = bordersOf(part);
  for (let at = 0, matched = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    while (matched > 0 && code !== part.charCodeAt(matched)) matched = borders[matched - 1] ?? 0;
    if (code === part.charCodeAt(matched)) matched += 1;
    if (matched < part.length) continue;
    yield at + 1 - part.length;
    matched = borders[matched - 1] ?? 0;
  }
}

/** `text.indexOf(part)` */
export function indexOfText(text: string, part: string): number {
  if (part.length <= shortPart) return text.indexOf(part);
  for (const at of positionsOf(text, part)) return at;
  return -1;
}

/** `text.lastIndexOf(part)` */
export function lastIndexOfText(text: string, part: string): number {
  if (part.length <= shortPart) return text.lastIndexOf(part);
  let last = -1;
  for (const at of positionsOf(text, part)) last = at;
  return last;
}

/** `text.includes(part)` */
export const includesText = (text: string, part: string): boolean => indexOfText(text, part) >= 0;

/** `text.split(part)` */
export function splitText(text: string, part: string): string[] {
  if (part.length <= shortPart) return text.split(part);
  const pieces: string[] = [];
  let from = 0;
  for (const at of positionsOf(text, part)) {
    if (at < from) continue;
    pieces.push(text.slice(from, at));
    from = at + part.length;
  }
  pieces.push(text.slice(from));
  return pieces;
}
