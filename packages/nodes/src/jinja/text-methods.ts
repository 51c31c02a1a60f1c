import { indexOfText, lastIndexOfText, pythonStrip, splitText } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { boundedText, boundList, maxTextLength } from './meter.js';
import { method, type Method } from './method.js';
import { characters, integer, isTrue, iterate, kindOf, lengthOf, plain, Tuple, type Item } from './runtime.js';

/** An argument that must be text. @throws TemplateError */
export function needText(item: Item | undefined): string {
  const value = plain(item ?? null);
  if (typeof value !== 'string') throw new TemplateError(`must be str, not ${kindOf(value)}`);
  return value;
}

const isSpace = (text: string) => pythonStrip(text) === '';
/** Texts without surrogates have one unit per character, which spares the cutting into characters. */
const isFlat = (text: string) => !/[\ud800-\udfff]/.test(text);

function strip(text: string, given: Item | undefined, side: 'both' | 'left' | 'right'): string {
  const chars = given === undefined || given === null ? undefined : new Set(characters(needText(given)));
  const marked = (char: string) => (chars ? chars.has(char) : isSpace(char));
  const units = isFlat(text) ? text : characters(text);
  let start = 0;
  let end = units.length;
  if (side !== 'right') while (start < end && marked(units[start] ?? '')) start += 1;
  if (side !== 'left') while (end > start && marked(units[end - 1] ?? '')) end -= 1;
  return typeof units === 'string' ? units.slice(start, end) : units.slice(start, end).join('');
}

/** Words between white space, at most `limit` cuts (all when negative). */
function words(text: string, limit: number, fromRight: boolean): string[] {
  const bounds: [number, number][] = [];
  for (let at = 0; at < text.length;) {
    while (at < text.length && isSpace(text.charAt(at))) at += 1;
    const start = at;
    while (at < text.length && !isSpace(text.charAt(at))) at += 1;
    if (at > start) bounds.push([start, at]);
  }
  boundList(bounds.length);
  const cut = ([start, end]: [number, number]) => text.slice(start, end);
  if (limit < 0 || bounds.length <= limit + 1) return bounds.map(cut);
  if (!fromRight) {
    const rest = strip(text.slice(bounds[limit]?.[0]), undefined, 'left');
    return [...bounds.slice(0, limit).map(cut), rest];
  }
  const head = strip(text.slice(0, bounds[bounds.length - 1 - limit]?.[1]), undefined, 'right');
  return [head, ...bounds.slice(bounds.length - limit).map(cut)];
}

function split(text: string, separator: Item | undefined, limit: number, fromRight: boolean): Item {
  if (separator === undefined || separator === null) return words(text, limit, fromRight);
  const mark = needText(separator);
  if (mark === '') throw new TemplateError('empty separator');
  const parts = splitText(text, mark);
  boundList(parts.length);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  if (!fromRight) return [...parts.slice(0, limit), parts.slice(limit).join(mark)];
  const cut = parts.length - limit;
  return [parts.slice(0, cut).join(mark), ...parts.slice(cut)];
}

export function replace(text: string, from: string, to: string, limit: number): string {
  if (limit === 0) return text;
  const parts = from === '' ? ['', ...characters(text), ''] : splitText(text, from);
  const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  boundList(parts.length);
  return boundedText(text.length + count * Math.max(0, to.length - from.length), () =>
    count === parts.length - 1
      ? parts.join(to)
      : parts.slice(0, count + 1).join(to) + from + parts.slice(count + 1).join(from),
  );
}

/** Upper case in Python's way: letters that follow a letter are small. */
export function titled(text: string): string {
  return text.replace(/\p{L}[\p{L}\p{M}]*/gu, (word) => upperFirst(word));
}
export const upperFirst = (word: string): string => {
  const first = String.fromCodePoint(word.codePointAt(0) ?? 0);
  return titleCase(first) + word.slice(first.length).toLowerCase();
};
const titleCase = (char: string): string => {
  const upper = char.toUpperCase();
  return upper.length > char.length ? upper.charAt(0) + upper.slice(1).toLowerCase() : upper;
};

/** The part of a text between two optional positions, counted in characters. */
function section(
  text: string,
  from: Item | undefined,
  to: Item | undefined,
): { part: string; start: number; isValid: boolean } {
  if ((from === undefined || from === null) && (to === undefined || to === null))
    return { part: text, start: 0, isValid: true };
  const chars = characters(text);
  const point = (given: Item | undefined, fallback: number) => {
    const at = given === null ? fallback : integer(given, fallback);
    return Math.max(0, at < 0 ? at + chars.length : at);
  };
  const [start, end] = [point(from, 0), Math.min(chars.length, point(to, chars.length))];
  return {
    part: chars.slice(start, Math.max(start, end)).join(''),
    start,
    isValid: start <= chars.length && start <= end,
  };
}

function find(text: string, args: Item[], fromRight: boolean): number {
  const { part, start, isValid } = section(text, args[1], args[2]);
  const wanted = needText(args[0]);
  if (!isValid) return -1;
  const at = fromRight ? lastIndexOfText(part, wanted) : indexOfText(part, wanted);
  return at < 0 ? -1 : start + lengthOf(part.slice(0, at));
}
function mustFind(text: string, args: Item[], fromRight: boolean): number {
  const at = find(text, args, fromRight);
  if (at < 0) throw new TemplateError('substring not found');
  return at;
}

function hasAffix(text: string, args: Item[], holds: (part: string, affix: string) => boolean): boolean {
  const [wanted = null, from, to] = args;
  const { part, isValid } = section(text, from, to);
  const affixes = wanted instanceof Tuple ? iterate(wanted) : [wanted];
  return affixes.map(needText).some((affix) => isValid && holds(part, affix));
}

function count(text: string, args: Item[]): number {
  const { part, isValid } = section(text, args[1], args[2]);
  const wanted = needText(args[0]);
  if (!isValid) return 0;
  return wanted === '' ? lengthOf(part) + 1 : splitText(part, wanted).length - 1;
}

function partition(text: string, separator: Item | undefined, fromRight: boolean): Item {
  const mark = needText(separator);
  if (mark === '') throw new TemplateError('empty separator');
  const at = fromRight ? lastIndexOfText(text, mark) : indexOfText(text, mark);
  if (at >= 0) return Tuple.with([text.slice(0, at), mark, text.slice(at + mark.length)]);
  return Tuple.with(fromRight ? ['', '', text] : [text, '', '']);
}

function justify(text: string, args: Item[], side: 'left' | 'right' | 'center'): string {
  const width = integer(args[0], 0);
  const fill = args[1] === undefined ? ' ' : needText(args[1]);
  if (lengthOf(fill) !== 1) throw new TemplateError('The fill character must be exactly one character long');
  if (width > maxTextLength) return boundedText(width, () => '');
  const room = width - lengthOf(text);
  if (room <= 0) return text;
  // Python's rule for an odd rest.
  const left = side === 'left' ? 0 : side === 'right' ? room : Math.floor(room / 2) + (room & width & 1);
  return boundedText(text.length + room * fill.length, () => fill.repeat(left) + text + fill.repeat(room - left));
}

const lineEnd = /\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]/g;
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const { 0: end, index } of text.matchAll(lineEnd)) {
    lines.push(text.slice(at, keepEnds ? index + end.length : index));
    at = index + end.length;
  }
  if (at < text.length) lines.push(text.slice(at));
  boundList(lines.length);
  return lines;
}

export const centered = (text: string, width: number): string => justify(text, [width], 'center');
export const stripped = (text: string, chars: Item | undefined): string => strip(text, chars, 'both');

function expandTabs(text: string, size: number): string {
  let column = 0;
  let out = '';
  for (const char of characters(text)) {
    const part = char === '\t' ? (size > 0 ? boundedText(size, () => ' '.repeat(size - (column % size))) : '') : char;
    column = char === '\n' || char === '\r' ? 0 : column + part.length;
    out = boundedText(out.length, () => out + part);
  }
  return out;
}

const every = (pattern: RegExp) => method<string>(0, 0, (text) => pattern.test(text));
const cased = (text: string, wanted: string, other: string) => text === wanted && text !== other;
const sides = ['both', 'left', 'right'] as const;
const [both, left, right] = sides.map((side) => method<string>(0, 1, (text, [chars]) => strip(text, chars, side)));

export const textMethods: Readonly<Record<string, Method<string>>> = {
  upper: method(0, 0, (s) => s.toUpperCase()),
  lower: method(0, 0, (s) => s.toLowerCase()),
  casefold: method(0, 0, (s) => s.toLowerCase().replaceAll('ß', 'ss')),
  title: method(0, 0, (s) => titled(s)),
  capitalize: method(0, 0, (s) => (s === '' ? '' : upperFirst(s))),
  swapcase: method(0, 0, (s) =>
    characters(s)
      .map((c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase()))
      .join(''),
  ),
  ...(both && { strip: both }),
  ...(left && { lstrip: left }),
  ...(right && { rstrip: right }),
  split: method(0, 2, (s, args, named) =>
    split(s, args[0] ?? named['sep'], integer(args[1] ?? named['maxsplit'], -1), false),
  ),
  rsplit: method(0, 2, (s, args, named) =>
    split(s, args[0] ?? named['sep'], integer(args[1] ?? named['maxsplit'], -1), true),
  ),
  splitlines: method(0, 1, (s, [keep], named) => splitLines(s, isTrue(keep ?? named['keepends'] ?? false))),
  replace: method(2, 3, (s, [from, to, limit]) => replace(s, needText(from), needText(to), integer(limit, -1))),
  startswith: method(1, 3, (s, args) => hasAffix(s, args, (part, affix) => part.startsWith(affix))),
  endswith: method(1, 3, (s, args) => hasAffix(s, args, (part, affix) => part.endsWith(affix))),
  removeprefix: method(1, 1, (s, [start]) => (s.startsWith(needText(start)) ? s.slice(needText(start).length) : s)),
  removesuffix: method(1, 1, (s, [end]) =>
    needText(end) !== '' && s.endsWith(needText(end)) ? s.slice(0, -needText(end).length) : s,
  ),
  join: method(1, 1, (s, [items = null]) => {
    const parts = iterate(items).map((each, at) => {
      const part = plain(each);
      if (typeof part !== 'string')
        throw new TemplateError(`sequence item ${at}: expected str instance, ${kindOf(each)} found`);
      return part;
    });
    return joined(parts, s);
  }),
  find: method(1, 3, (s, args) => find(s, args, false)),
  rfind: method(1, 3, (s, args) => find(s, args, true)),
  index: method(1, 3, (s, args) => mustFind(s, args, false)),
  rindex: method(1, 3, (s, args) => mustFind(s, args, true)),
  count: method(1, 3, (s, args) => count(s, args)),
  partition: method(1, 1, (s, [mark]) => partition(s, mark, false)),
  rpartition: method(1, 1, (s, [mark]) => partition(s, mark, true)),
  zfill: method(1, 1, (s, [width]) => {
    const room = integer(width, 0) - lengthOf(s);
    if (room <= 0) return s;
    const sign = /^[+-]/.exec(s)?.[0] ?? '';
    return boundedText(s.length + room, () => sign + '0'.repeat(room) + s.slice(sign.length));
  }),
  ljust: method(1, 2, (s, args) => justify(s, args, 'left')),
  rjust: method(1, 2, (s, args) => justify(s, args, 'right')),
  center: method(1, 2, (s, args) => justify(s, args, 'center')),
  expandtabs: method(0, 1, (s, [size], named) => expandTabs(s, integer(size ?? named['tabsize'], 8))),
  isdigit: every(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u),
  isnumeric: every(/^\p{N}+$/u),
  isdecimal: every(/^\p{Nd}+$/u),
  isalpha: every(/^\p{L}+$/u),
  isalnum: every(/^[\p{L}\p{N}]+$/u),
  isascii: every(/^[\0-\x7f]*$/u),
  isidentifier: every(/^[\p{L}_][\p{L}\p{N}\p{M}_]*$/u),
  isprintable: every(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]*$/u),
  isspace: method(0, 0, (s) => s !== '' && isSpace(s)),
  islower: method(0, 0, (s) => cased(s, s.toLowerCase(), s.toUpperCase())),
  isupper: method(0, 0, (s) => cased(s, s.toUpperCase(), s.toLowerCase())),
  istitle: method(0, 0, (s) => s === titled(s) && s.toLowerCase() !== s.toUpperCase()),
};

/** Parts with a separator between them, within the limit of a text. */
export function joined(parts: readonly string[], separator: string): string {
  const size = parts.reduce((sum, part) => sum + part.length, separator.length * Math.max(0, parts.length - 1));
  return boundedText(size, () => parts.join(separator));
}
