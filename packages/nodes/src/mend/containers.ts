import type { Value, ValueObject } from '@millrace/contracts';
import { isObject, truthy } from '@millrace/graph';
import { skipComment, startsComment } from './comments.js';
import { Cursor, isWord } from './cursor.js';
import { readNumber } from './number.js';
import { closingOf, quotes, type Place } from './quotes.js';
import { readText } from './text.js';

/** Reads objects and lists of a careless text. */
export class ContainerReader {
  /** Lists around the cursor. */
  #lists = 0;

  constructor(readonly cursor: Cursor) {}

  skipRemarks(ends = ''): void {
    this.cursor.skipSpace();
    while (startsComment(this.cursor)) {
      skipComment(this.cursor, ends);
      this.cursor.skipSpace();
    }
  }

  /** A value within a container. Signs that begin none are skipped. */
  readValue(place: 'value' | 'item'): Value {
    const { cursor } = this;
    for (; !cursor.atEnd; cursor.at += 1) {
      const char = cursor.peek();
      if (char === '{') return this.readObject(1, place === 'item');
      if (char === '[') return this.readList();
      if (char === '(') return this.readTuple();
      if (/^[\d.-]$/.test(char)) return readNumber(cursor, place === 'item') ?? this.#text(place);
      if (quotes.includes(char) || (isWord(char) && char !== '$')) return this.#text(place);
      if (',}'.includes(char) || (char === ']' && this.#lists > 0)) return '';
    }
    return '';
  }

  /** A list, or a value in parentheses. */
  readTuple(): Value {
    const { items, commas } = this.#items(')');
    const [only] = items;
    return items.length === 1 && commas === 0 && only !== undefined ? only : items;
  }

  readList(): Value[] {
    return this.#items(']').items;
  }

  #items(close: string): { items: Value[]; commas: number } {
    const { cursor } = this;
    const items: Value[] = [];
    let commas = 0;
    cursor.at += 1;
    this.#lists += 1;
    for (this.skipRemarks(close); !cursor.atEnd && ![close, '}'].includes(cursor.peek()); this.skipRemarks(close)) {
      if (cursor.peek() === ',') {
        cursor.at += 1;
        commas += 1;
        continue;
      }
      if (this.#isMember() && items.length > 0 && items.every((item) => !isObject(item) && !Array.isArray(item))) {
        // A member of the object around: the list was not closed.
        this.#lists -= 1;
        return { items, commas };
      }
      const begin = cursor.at;
      const isQuoted = quotes.includes(cursor.peek());
      const value = this.#isMember() ? this.readObject(0, true) : this.readValue('item');
      const isLost = isEmpty(value) && ![close, ','].includes(cursor.peek());
      if (!isLost && (isQuoted || (value !== '' && value !== '...'))) items.push(value);
      if (cursor.at === begin) cursor.at += 1;
    }
    this.#lists -= 1;
    cursor.at += 1;
    return { items, commas };
  }

  /** Whether a name in quotes and a colon come, where an item should. */
  #isMember(): boolean {
    const { cursor } = this;
    const char = cursor.peek();
    if (!quotes.includes(char)) return false;
    const end = cursor.find(closingOf(char), cursor.at + 1);
    return cursor.nextSolid(end + 1) === ':';
  }

  /** @param brace 1 when the cursor is at the opening brace, 0 when there is none */
  readObject(brace = 1, isItem = false): Value {
    const { cursor } = this;
    cursor.at += brace;
    const begin = cursor.at;
    const members: ValueObject = {};
    for (this.skipRemarks('}'); !cursor.atEnd && cursor.peek() !== '}'; this.skipRemarks('}')) {
      if (cursor.peek() === ']' && this.#lists > 0) break;
      if (',:;]'.includes(cursor.peek())) {
        cursor.at += 1;
        continue;
      }
      if (isItem && cursor.peek() === '{' && this.#repeats(members)) break;
      if (cursor.peek() === '[' && this.#continuesList(members)) continue;
      this.#readMember(members);
    }
    const isClosed = cursor.peek() === '}';
    if (isClosed) cursor.at += 1;
    const body = cursor.text.slice(begin, isClosed ? cursor.at - 1 : cursor.at);
    return Object.keys(members).length === 0 ? (this.#readSet(body) ?? members) : members;
  }

  #readMember(members: ValueObject): void {
    const { cursor } = this;
    const isQuoted = quotes.includes(cursor.peek());
    const name = this.#name();
    this.skipRemarks('}');
    // One sign too many, such as a second quote.
    if (cursor.peek() !== ':' && cursor.nextSolid(cursor.at + 1) === ':') cursor.at = cursor.pastSpace(cursor.at + 1);
    if (cursor.peek() === ':' || cursor.peek() === '=') cursor.at += 1;
    // A word alone is no member.
    else if (!isQuoted || cursor.atEnd || ',}'.includes(cursor.peek())) return;
    this.skipRemarks('}');
    const char = cursor.peek();
    const value = char === ',' || char === '}' ? '' : this.readValue('value');
    Object.defineProperty(members, name, { value, enumerable: true, writable: true, configurable: true });
    // A quote or a semicolon too many.
    if (!this.#isMember() && `,;'"`.includes(cursor.peek())) cursor.at += 1;
  }

  #name(): string {
    const { cursor } = this;
    const begin = cursor.at;
    const name = this.#text('name');
    if (cursor.at === begin) cursor.at += 1;
    return typeof name === 'string' ? name : '';
  }

  /** `[{"a": 1, {"a": 2}]`: whether another object begins, with a name that this one has. */
  #repeats(members: ValueObject): boolean {
    const begin = this.cursor.pastSpace(this.cursor.at + 1);
    const name = /^(["'])(.{0,100}?)\1\s*:/s.exec(this.cursor.text.slice(begin, begin + 120))?.[2];
    return name !== undefined && Object.hasOwn(members, name);
  }

  /** `"a": [1], [2]`: the second list belongs to the first. */
  #continuesList(members: ValueObject): boolean {
    const last = Object.values(members).at(-1);
    if (!Array.isArray(last)) return false;
    last.push(...this.readList());
    return true;
  }

  /** `{1, 2}`, `{"a"}`: Python's sets. */
  #readSet(body: string): Value | undefined {
    this.cursor.steps.spend(body.length);
    if (body.includes(':')) return undefined;
    const set = new ContainerReader(new Cursor(`[${body}]`, this.cursor.steps)).readList();
    return set.some(truthy) ? set : undefined;
  }

  #text(place: Place): Value {
    return readText(this.cursor, place, this.#lists > 0);
  }
}

const isEmpty = (value: Value): boolean =>
  value === '' || (Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0);
