import { arg, flag } from './arguments.js';
import { integer, text } from './methods.js';
import { boundedText, isMapping, print, type Item, type Named } from './runtime.js';

export function truncate(input: Item, args: Item[], named: Named): Item {
  const chars = [...print(input)];
  const length = integer(arg(args, named, 0, 'length'), 255);
  const end = text(arg(args, named, 2, 'end'), '...');
  const leeway = integer(arg(args, named, 3, 'leeway'), 5);
  if (chars.length <= length + leeway) return chars.join('');
  const cut = chars.slice(0, Math.max(0, length - [...end].length)).join('');
  if (flag(args, named, 1, 'killwords')) return cut + end;
  const space = cut.lastIndexOf(' ');
  return (space < 0 ? cut : cut.slice(0, space)) + end;
}

export function indent(input: Item, args: Item[], named: Named): Item {
  const width = arg(args, named, 0, 'width');
  const pad = typeof width === 'string' ? width : ' '.repeat(Math.min(1000, integer(width, 4)));
  const first = flag(args, named, 1, 'first');
  const blank = flag(args, named, 2, 'blank');
  const lines = print(input).split('\n');
  const size = lines.length * pad.length;
  return boundedText(size, () =>
    lines.map((line, i) => ((i === 0 ? first : blank || line.trim() !== '') ? pad + line : line)).join('\n'),
  );
}

const quote = (value: string) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export function encodeUrl(input: Item): string {
  if (isMapping(input)) {
    const plus = (text: string) => quote(text).replaceAll('%20', '+');
    return Object.entries(input)
      .map(([key, value]) => `${plus(key)}=${plus(print(value))}`)
      .join('&');
  }
  return quote(print(input)).replaceAll('%2F', '/');
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };
export const escapeHtml = (input: Item): string => print(input).replace(/[&<>'"]/g, (char) => escapes[char] ?? char);
