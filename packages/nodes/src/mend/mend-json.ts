import type { Value } from '@millrace/contracts';
import { Float } from '@millrace/contracts';
import { isObject, stringifyJson, truthy } from '@millrace/graph';
import { skipComment } from './comments.js';
import { ContainerReader } from './containers.js';
import { Cursor, Steps } from './cursor.js';
import { quotes } from './quotes.js';

/**
 * JSON of a careless text: the objects and lists in it, whatever words are around them; several become a list. After what Python's
 * `json_repair` (MIT, Stefano Baccianella) makes of such texts, and in a bounded number of steps; `json-repair-cases.ts` holds both.
 * `undefined` when there is none.
 * @throws when it takes too long
 */
export function mendJson(text: string): string | undefined {
  const found = documents(isEscaped(text) ? text.replace(/\\(["\\])/g, '$1') : text);
  const [only] = found;
  return only === undefined ? undefined : stringifyJson(found.length === 1 ? only : found);
}

/** Whether all quotes of a text are escaped: it was part of another text. */
const isEscaped = (text: string): boolean => text.includes('\\"') && !/(?<!\\)"/.test(text);

function documents(text: string): Value[] {
  const cursor = new Cursor(text, new Steps(text.length));
  const reader = new ContainerReader(cursor);
  const found: Value[] = [];
  for (;;) {
    const from = cursor.at;
    const value = nextDocument(reader, found.length > 0);
    if (value === undefined) return found;
    const last = found.at(-1);
    if (last === undefined) found.push(value);
    else if (truthy(value)) {
      // The same once more, such as a model's second try, replaces the first.
      if (!truthy(last) || (!isListed(text, from) && isAlike(last, value))) found.pop();
      found.push(value);
    }
  }
}

/** The next object, list or tuple among words and comments. */
function nextDocument(reader: ContainerReader, isLater: boolean): Value | undefined {
  const { cursor } = reader;
  if (!isLater && isWithoutBrace(cursor)) return reader.readObject(0);
  while (!cursor.atEnd) {
    switch (cursor.peek()) {
      case '{': {
        const begin = cursor.at;
        const object = withMoreMembers(reader, reader.readObject());
        // Words in braces, among words.
        if (Array.isArray(object) && !isWhole(cursor, begin)) continue;
        return object;
      }
      case '[':
        return reader.readList();
      case '(':
        if (standsAlone(cursor)) return reader.readTuple();
        break;
      case '#':
        skipComment(cursor);
        continue;
      case '/':
        if (['/', '*'].includes(cursor.peek(1))) {
          skipComment(cursor);
          continue;
        }
    }
    cursor.at += 1;
  }
  return undefined;
}

/** `"a": 1}` */
function isWithoutBrace(cursor: Cursor): boolean {
  const begin = cursor.pastSpace(0);
  if (!quotes.includes(cursor.text[begin] ?? ' ')) return false;
  const end = cursor.find(cursor.text[begin] ?? '', begin + 1);
  return cursor.nextSolid(end + 1) === ':' && cursor.text.trimEnd().endsWith('}');
}

/** `{"a": 1}, "b": 2}` */
function withMoreMembers(reader: ContainerReader, object: Value): Value {
  const { cursor } = reader;
  const comma = cursor.pastSpace(cursor.at);
  const next = cursor.nextSolid(comma + 1);
  if (!isObject(object) || cursor.text[comma] !== ',' || next === '' || !quotes.includes(next)) return object;
  cursor.at = comma + 1;
  const more = reader.readObject(0);
  return isObject(more) ? { ...object, ...more } : object;
}

/** Whether nothing stands around what was read from there. */
const isWhole = ({ text, at }: Cursor, from: number): boolean =>
  text.slice(0, from).trim() === '' && text.slice(at).trim() === '';

/** Whether the parenthesis at the cursor begins its line and a value: it is no remark. */
function standsAlone({ text, at, steps }: Cursor): boolean {
  let line = at;
  while (line > 0 && text[line - 1] !== '\n' && (text[line - 1] ?? '').trim() === '') line -= 1;
  steps.spend(at - line);
  if (line > 0 && text[line - 1] !== '\n') return false;
  const end = text.lastIndexOf(')');
  steps.spend(text.length - end);
  return (
    end > at &&
    text.slice(end + 1).trim() === '' &&
    /^\s*([\])}{["'(\d.-]|(true|false|null|none)\b)/i.test(text.slice(at + 1, at + 200))
  );
}

/** Whether a comma stands before what begins there. */
const isListed = (text: string, from: number): boolean =>
  text.slice(0, from).trimEnd().endsWith(',') || text.slice(from).trimStart().startsWith(',');

/** Whether two values have the same kinds and names of things in them. */
function isAlike(a: Value, b: Value): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => isAlike(item, b[at] ?? null));
  }
  if (isObject(a)) {
    const names = Object.keys(a);
    if (!isObject(b) || Object.keys(b).length !== names.length) return false;
    return names.every((name) => Object.hasOwn(b, name) && isAlike(a[name] ?? null, b[name] ?? null));
  }
  return kindOf(a) === kindOf(b);
}

function kindOf(value: Value): string {
  if (value instanceof Float) return 'float';
  if (typeof value === 'bigint') return 'number';
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
}
