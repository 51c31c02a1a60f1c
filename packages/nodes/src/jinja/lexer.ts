import { TemplateError } from './errors.js';
import { spend } from './meter.js';

export type Token =
  { type: 'name' | 'operator' | 'string' | 'integer' | 'float'; text: string } | { type: 'end'; text: '' };

/** A template cut into text, expressions and statements. */
export type Piece = { kind: 'text'; text: string } | { kind: 'output' | 'statement'; tokens: Token[]; line: number };

const opening = /\{\{|\{%|\{#/g;
const rawStart = /\{%[-+]?\s*raw\s*(-?)%\}/y;
const rawEnd = /\{%(-?)\+?\s*endraw\s*(-?)\+?%\}/g;
const token =
  /\s+|(\d[\d_]*(?:\.\d[\d_]*(?:[eE][+-]?\d+)?|[eE][+-]?\d+))|(0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*)|([\p{L}_][\p{L}\p{N}_]*)|(["'])|(\/\/|\*\*|==|!=|<=|>=|[-+*/%~<>=()[\]{}.,:|])/uy;

/** Cuts a template; one trailing newline is dropped, `-` at a tag eats the white space beside it. */
export function lex(source: string): Piece[] {
  const text = source.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const pieces: Piece[] = [];
  let position = 0;
  let stripNext = false;
  let line = 1;
  let counted = 0;
  const pushText = (raw: string, stripEnd: boolean) => {
    let part = stripNext ? raw.trimStart() : raw;
    if (stripEnd) part = part.trimEnd();
    stripNext = false;
    if (part !== '') pieces.push({ kind: 'text', text: part });
  };
  while (position < text.length) {
    opening.lastIndex = position;
    const found = opening.exec(text);
    if (!found) {
      pushText(text.slice(position), false);
      break;
    }
    const start = found.index;
    for (; counted < start; counted += 1) if (text.charCodeAt(counted) === 10) line += 1;
    const tag = found[0];
    pushText(text.slice(position, start), text[start + 2] === '-');
    if (tag === '{#') {
      const end = text.indexOf('#}', start + 2);
      if (end < 0) throw new TemplateError(`Missing end of comment tag (line ${line})`);
      stripNext = text[end - 1] === '-' && end - 1 > start + 1;
      position = end + 2;
      continue;
    }
    rawStart.lastIndex = start;
    const raw = tag === '{%' ? rawStart.exec(text) : null;
    if (raw) {
      rawEnd.lastIndex = rawStart.lastIndex;
      const end = rawEnd.exec(text);
      if (!end) throw new TemplateError(`Missing end of raw directive (line ${line})`);
      stripNext = raw[1] === '-';
      pushText(text.slice(rawStart.lastIndex, end.index), end[1] === '-');
      stripNext = end[2] === '-';
      position = rawEnd.lastIndex;
      continue;
    }
    const scanned = scan(text, start + 2, tag === '{{' ? '}}' : '%}', line);
    pieces.push({ kind: tag === '{{' ? 'output' : 'statement', tokens: scanned.tokens, line });
    stripNext = scanned.strip;
    position = scanned.end;
  }
  return pieces;
}

function scan(text: string, start: number, close: string, line: number) {
  const tokens: Token[] = [];
  let position = text[start] === '-' || text[start] === '+' ? start + 1 : start;
  let depth = 0;
  for (;;) {
    const strip = text[position] === '-' && text.startsWith(close, position + 1);
    const kept = close === '%}' && text[position] === '+' && text.startsWith(close, position + 1);
    // Inside brackets `}}` may close two mappings.
    if (depth === 0 && (strip || kept || text.startsWith(close, position))) {
      tokens.push({ type: 'end', text: '' });
      return { tokens, strip, end: position + close.length + (strip || kept ? 1 : 0) };
    }
    spend(1);
    token.lastIndex = position;
    const match = token.exec(text);
    if (!match) {
      if (position >= text.length)
        throw new TemplateError(`unexpected end of template, expected '${close}' (line ${line})`);
      throw new TemplateError(`unexpected char '${text[position]}' at ${position} (line ${line})`);
    }
    position = token.lastIndex;
    const [, float, integer, name, quote, operator] = match;
    if (float !== undefined) tokens.push({ type: 'float', text: float.replaceAll('_', '') });
    else if (integer !== undefined) tokens.push({ type: 'integer', text: integer.replaceAll('_', '') });
    else if (name !== undefined) tokens.push({ type: 'name', text: name });
    else if (quote !== undefined) {
      const end = closingQuote(text, position, quote);
      if (end < 0) throw new TemplateError(`unexpected char '${quote}' at ${position - 1} (line ${line})`);
      tokens.push({ type: 'string', text: unescape(text.slice(position, end)) });
      position = end + 1;
    } else if (operator !== undefined) {
      if ('([{'.includes(operator)) depth += 1;
      if (')]}'.includes(operator)) depth = Math.max(0, depth - 1);
      tokens.push({ type: 'operator', text: operator });
    }
  }
}

function closingQuote(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1;
  return at < text.length ? at : -1;
}

const escapes: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
  '\n': '',
};

function unescape(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[\s\S])/g, (whole, code: string) => {
    if (code.length > 1) return String.fromCodePoint(Math.min(parseInt(code.slice(1), 16), 0x10ffff));
    return escapes[code] ?? (code === '\\' || code === "'" || code === '"' ? code : whole);
  });
}
