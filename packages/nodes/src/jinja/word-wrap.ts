import { TemplateError } from './errors.js';
import { spend, spendText } from './meter.js';
import { characters } from './runtime.js';

/**
 * Pieces at which a line may break, as Python's `textwrap` finds them: white space, words, parts of words that end in a
 * hyphen between letters, and dashes.
 */
const withHyphens =
  /[\t\n\v\f\r ]+|(?<=[\p{L}\p{N}_!"'&.,?])-{2,}(?=[\p{L}\p{N}_])|[^\t\n\v\f\r ]+?(?:-(?:(?<=[\p{L}_]{2}-)|(?<=[\p{L}_]-[\p{L}_]-))(?=[\p{L}_]-?[\p{L}_])|(?=[\t\n\v\f\r ]|$)|(?<=[\p{L}\p{N}_!"'&.,?])(?=-{2,}[\p{L}\p{N}_]))/gu;
const withoutHyphens = /[\t\n\v\f\r ]+|[^\t\n\v\f\r ]+/g;

/** Lines of at most `width` characters (`textwrap.wrap`). A line without words gives none. */
export function wrap(text: string, width: number, breakLong: boolean, onHyphens: boolean): string[] {
  if (width <= 0) throw new TemplateError(`invalid width ${width} (must be > 0)`);
  spendText(text.length * 32);
  const chunks = (text.match(onHyphens ? withHyphens : withoutHyphens) ?? [])
    .map((chunk) => characters(chunk))
    .reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    spend(1);
    const line: string[][] = [];
    let size = 0;
    if (lines.length > 0 && isBlank(chunks.at(-1))) chunks.pop();
    for (let chunk = chunks.at(-1); chunk && size + chunk.length <= width; chunk = chunks.at(-1)) {
      line.push(chunk);
      size += chunk.length;
      chunks.pop();
    }
    const long = chunks.at(-1);
    if (long && long.length > width) {
      if (breakLong) {
        const room = breakPoint(long, width - size, onHyphens);
        line.push(long.slice(0, room));
        chunks[chunks.length - 1] = long.slice(room);
        spend(long.length >> 5);
      } else if (line.length === 0) {
        line.push(long);
        chunks.pop();
      }
    }
    if (isBlank(line.at(-1))) line.pop();
    if (line.length > 0) lines.push(line.map((chunk) => chunk.join('')).join(''));
  }
  return lines;
}

const isBlank = (chunk: string[] | undefined): boolean => chunk !== undefined && chunk.join('').trim() === '';

/** Where a word that fits no line is cut: behind its last hyphen that fits, or when the line is full, which it may be already. */
function breakPoint(long: string[], space: number, onHyphens: boolean): number {
  if (!onHyphens || space === 0) return space;
  const hyphen = long.lastIndexOf('-', space - 1);
  return hyphen > 0 && long.slice(0, hyphen).some((char) => char !== '-') ? hyphen + 1 : space;
}
