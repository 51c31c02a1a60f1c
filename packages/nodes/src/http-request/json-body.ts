import { Float, type Selector, type Value } from '@millrace/contracts';
import { parseJson, renderTemplate, stringifyJson, textBudget, toText } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';

/** Mends what is no strict JSON, in bounded time and elsewhere; `undefined` when that cannot be done. */
export type Mend = (text: string) => Promise<string | undefined>;

/**
 * The text of a JSON body: rendered, read leniently as a person means it (quotes and line ends inside inserted texts,
 * missing quotes, trailing commas, Python's spelling) and written again. Numbers keep their form (dsl 4.13).
 * @throws NodeFailure `Failed to parse JSON: <rendered text>`
 */
export async function renderJsonBody(
  template: string,
  get: (selector: Selector) => Value | undefined,
  mend: Mend,
): Promise<string> {
  const pieces = split(template, get);
  const raw = pieces.map(({ text }) => text).join('');
  const value = strict(raw) ?? (await lenient(raw, withEscapes(pieces), mend));
  if (value === undefined || !isFinite(value.read)) {
    throw new NodeFailure(`Failed to parse JSON: ${raw}`, 'RequestBodyError');
  }
  return stringifyJson(value.read);
}

interface Piece {
  text: string;
  isInserted: boolean;
}

/** Stands around the number of an inserted value; a template that holds it gets the escape instead. */
const mark = '\u0000';

function split(template: string, get: (selector: Selector) => Value | undefined): Piece[] {
  const inserted: string[] = [];
  const spend = textBudget();
  const marked = renderTemplate(template.replaceAll(mark, '\\u0000'), (selector) => {
    const value = get(selector);
    if (value === undefined) return undefined;
    const text = toText(value);
    spend(text.length);
    return `${mark}${inserted.push(text) - 1}${mark}`;
  });
  return marked.split(mark).map((text, i): Piece => {
    const isInserted = i % 2 === 1;
    return { text: isInserted ? (inserted[Number(text)] ?? '') : text, isInserted };
  });
}

/** An escape, a quote, or text without any of them. */
const templateToken = /\\[^]|["']|[^\\"']+|\\/g;

/** The text with inserted values escaped where they stand inside a string of the template. */
function withEscapes(pieces: Piece[]): string {
  let out = '';
  /** The last character that is no white space. */
  let last = '';
  let quote = '';
  for (const { text, isInserted } of pieces) {
    if (isInserted) {
      out += quote === '' ? text : escaped(text, quote);
      last = text.trimEnd().at(-1) ?? last;
      continue;
    }
    for (const [token] of text.matchAll(templateToken)) {
      if (token === quote) quote = '';
      else if (quote === '' && (token === '"' || (token === "'" && '[{,:'.includes(last)))) quote = token;
      out += token;
      last = token.trimEnd().at(-1) ?? last;
    }
  }
  return out;
}

/** Escapes what would end or break a string; what is an escape already stays one. */
function escaped(text: string, quote: string): string {
  return text.replace(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|["'\\\u0000-\u001f]/g, (token) => {
    if (token === "'") return quote === "'" ? "\\'" : token;
    return token.length > 1 ? token : JSON.stringify(token).slice(1, -1);
  });
}

type Read = { read: Value } | undefined;

function strict(text: string): Read {
  try {
    return { read: parseJson(text) };
  } catch {
    // No strict JSON: the next reading decides.
    return undefined;
  }
}

/** Reads what is not strict JSON; `guarded` is the same text with the inserted values escaped. */
async function lenient(raw: string, guarded: string, mend: Mend): Promise<Read> {
  const whole = guarded === raw ? undefined : (strict(guarded) ?? (await mended(guarded, mend)));
  return whole ?? mended(raw, mend);
}

/** Only objects and lists are mended: any sentence could be read as a text. */
async function mended(text: string, mend: Mend): Promise<Read> {
  const json = await mend(text);
  const value = json === undefined ? undefined : strict(json);
  const read = value?.read;
  return typeof read === 'object' && read !== null && !(read instanceof Float) ? value : undefined;
}

/** Python reads NaN and infinities, but nobody can send them. */
function isFinite(value: Value): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof Float) return Number.isFinite(value.value);
  if (typeof value === 'object' && value !== null) return Object.values(value).every((each) => isFinite(each));
  return true;
}
