import { pythonStrip } from '@millrace/graph';
import { TemplateError } from './errors.js';
import { escapeText } from './escape.js';
import { filter, openFilter, type Filter } from './filter.js';
import { boundedText, maxTextLength, spend, spendText } from './meter.js';
import { print, repr } from './printing.js';
import {
  characters,
  entriesOf,
  integer,
  isList,
  isMapping,
  isTrue,
  iterate,
  kindOf,
  lengthOf,
  Markup,
  Tuple,
  Undefined,
  type Item,
} from './runtime.js';
import { formatPercent } from './text-format.js';
import { centered, joined, needText, replace, splitLines, stripped, upperFirst } from './text-methods.js';
import { wrap } from './word-wrap.js';

const on = (item: Item | undefined, fallback = false): boolean => (item === undefined ? fallback : isTrue(item));

const truncate = filter('length killwords end leeway', (input, [length, killwords, end = '...', leeway]) => {
  const size = integer(length, 255);
  const tail = print(end);
  const slack = leeway === null ? 5 : integer(leeway, 5);
  const tailSize = lengthOf(tail);
  if (size < tailSize) throw new TemplateError(`expected length >= ${tailSize}, got ${size}`);
  if (slack < 0) throw new TemplateError(`expected leeway >= 0, got ${slack}`);
  if (typeof input !== 'string') {
    if (iterate(input).length <= size + slack) return input;
    throw new TemplateError(`a ${kindOf(input)} can't be truncated`);
  }
  const chars = characters(input);
  if (chars.length <= size + slack) return input;
  const cut = chars.slice(0, size - tailSize).join('');
  if (on(killwords)) return cut + tail;
  const space = cut.lastIndexOf(' ');
  return (space < 0 ? cut : cut.slice(0, space)) + tail;
});

const indent = filter('width first blank', (input, [width, first, blank]) => {
  if (typeof input !== 'string')
    throw new TemplateError(`unsupported operand type(s) for +: '${kindOf(input)}' and 'str'`);
  const columns = typeof width === 'string' ? 0 : Math.max(0, integer(width, 4));
  const pad = typeof width === 'string' ? width : boundedText(columns, () => ' '.repeat(columns));
  const lines = on(blank) ? `${input}\n`.split('\n') : splitLines(`${input}\n`);
  if (on(blank)) lines.pop();
  const size = input.length + lines.length * pad.length;
  const text = boundedText(size, () =>
    lines.map((line, i) => (i > 0 && (on(blank) || line !== '') ? pad + line : line)).join('\n'),
  );
  return on(first) ? pad + text : text;
});

/** A text that is cut into words: more work than reading it. */
const costly = (text: string): string => {
  spendText(text.length * 8);
  return text;
};

const quote = (value: string) =>
  encodeURIComponent(value.toWellFormed()).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const urlencode = filter('', (input) => {
  if (typeof input === 'string' || (!isList(input) && !isMapping(input) && !(input instanceof Undefined))) {
    const value = print(input);
    return boundedText(value.length * 3, () => quote(value).replaceAll('%2F', '/'));
  }
  const plus = (part: Item) => quote(print(part)).replaceAll('%20', '+');
  const pairs = isMapping(input) ? entriesOf(input) : iterate(input).map((pair) => iterate(pair));
  return joined(
    pairs.map((pair) => {
      if (pair.length !== 2) throw new TemplateError(`expected 2 values to unpack, got ${pair.length}`);
      return `${plus(pair[0] ?? null)}=${plus(pair[1] ?? null)}`;
    }),
    '&',
  );
});

/** Text without comments and tags, white space collapsed. */
function stripTags(text: string): string {
  spendText(text.length * 4);
  const parts: string[] = [];
  let rest = text;
  // As in MarkupSafe: first whole comments, then whole tags; what is not closed stays.
  for (const [open, close] of [
    ['<!--', '-->'],
    ['<', '>'],
  ] as const) {
    parts.length = 0;
    let at = 0;
    for (;;) {
      const start = rest.indexOf(open, at);
      const end = start < 0 ? -1 : rest.indexOf(close, start);
      if (end < 0) break;
      spend(1);
      parts.push(rest.slice(at, start));
      at = end + close.length;
    }
    rest = parts.join('') + rest.slice(at);
  }
  return pythonStrip(rest.replace(/[\s\x1c-\x1f\x85]+/gu, ' '));
}

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#34': '"',
  nbsp: '\u00a0',
};
const unescape = (text: string): string =>
  text.replace(/&(#\d{1,7}|#x[\da-f]{1,6}|[a-z]{1,8});/gi, (whole, name: string) => {
    const known = entities[name];
    if (known !== undefined) return known;
    const code =
      name.startsWith('#x') || name.startsWith('#X')
        ? parseInt(name.slice(2), 16)
        : name.startsWith('#')
          ? Number(name.slice(1))
          : NaN;
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

const xmlattr = filter('autospace', (input, [autospace]) => {
  if (!isMapping(input)) throw new TemplateError(`'${kindOf(input)}' object has no attribute 'items'`);
  const parts = entriesOf(input)
    .filter(([, value]) => value !== null && !(value instanceof Undefined))
    .map(([key, value]) => {
      const name = needText(key);
      if (/[\s/>=]/.test(name)) throw new TemplateError(`Invalid character in attribute name: ${repr(name)}`);
      return `${escapeText(name)}="${escapeText(value)}"`;
    });
  const text = joined(parts, ' ');
  return text !== '' && on(autospace, true) ? ` ${text}` : text;
});

const format = openFilter((input, args, named) => {
  const names = Object.keys(named);
  if (args.length > 0 && names.length > 0)
    throw new TemplateError("can't handle positional and keyword arguments at the same time");
  return formatPercent(print(input), names.length > 0 ? (named as Item) : Tuple.with(args));
});

const wordwrap = filter(
  'width break_long_words wrapstring break_on_hyphens',
  (input, [width, breakLong, between, onHyphens]) => {
    const columns = integer(width, 79);
    const mark = between === undefined || between === null ? '\n' : needText(between);
    const lines = splitLines(needText(input)).map((line) =>
      joined(wrap(line, columns, on(breakLong, true), on(onHyphens, true)), mark),
    );
    return joined(lines, mark);
  },
);

const escape = filter('', (input) => new Markup(escapeText(input)), { keepsMarkup: true });

/** Filters over texts. Anything else is taken by the text it prints. */
export const textFilters: Readonly<Record<string, Filter>> = {
  capitalize: filter('', (input) => upperFirst(print(input) || ' ').slice(print(input) === '' ? 1 : 0)),
  center: filter('width', (input, [width]) => {
    const columns = integer(width, 80);
    if (columns > maxTextLength) return boundedText(columns, () => '');
    return centered(print(input), columns);
  }),
  e: escape,
  escape,
  forceescape: filter('', (input) => new Markup(escapeText(print(input)))),
  format,
  indent,
  lower: filter('', (input) => print(input).toLowerCase()),
  pprint: filter('', (input) => repr(input, true)),
  replace: filter(
    'old new count',
    (input, [from, to, count]) =>
      replace(print(input), needText(from), needText(to), count === null ? -1 : integer(count, -1)),
    { least: 2 },
  ),
  safe: filter('', (input) => new Markup(print(input)), { keepsMarkup: true }),
  string: filter('', (input) => (input instanceof Markup ? input : print(input)), { keepsMarkup: true }),
  striptags: filter('', (input) => unescape(stripTags(print(input)))),
  title: filter('', (input) =>
    costly(print(input))
      .split(/([-\s({[<]+)/u)
      .map((word) => (word === '' ? '' : upperFirst(word)))
      .join(''),
  ),
  trim: filter('chars', (input, [chars]) => stripped(print(input), chars)),
  truncate,
  upper: filter('', (input) => print(input).toUpperCase()),
  urlencode,
  wordcount: filter('', (input) => (costly(print(input)).match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  wordwrap,
  xmlattr,
};
