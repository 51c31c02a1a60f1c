import type { JsonText, Value, ValueObject } from '@millrace/contracts';
import { defineMember, objectOf } from './objects.js';

/** The text is no JSON, or nested too deep: whoever asked reads it otherwise, and says what is wrong with it. */
export class NotReadable extends Error {}

/** Deeper values are left to others, so that recursion ends. */
const maxDepth = 1_000;

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
/** What may not stand in a string as it is, or means something else. */
const special = /[\\\0-\x1f]/;
const words: readonly [string, Value][] = [
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
];

/**
 * Reads JSON, and `NaN` and `±Infinity` as Python does, and hands each number's source to `toNumber`. `JSON.parse` with a
 * reviver tells the source too, at a microsecond for every value: four seconds for the largest request.
 * @param keepsOrder keys stay in their order, also whole numbers
 * @throws NotReadable
 */
export function readExactly(text: JsonText, toNumber: (source: string) => Value, keepsOrder: boolean): Value {
  let at = 0;

  const skipSpace = (): number => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return code;
      at += 1;
    }
  };
  /** Whether the character is next; then it is passed. */
  const takes = (char: number): boolean => {
    if (skipSpace() !== char) return false;
    at += 1;
    return true;
  };
  const need = (char: number): void => {
    if (!takes(char)) throw new NotReadable();
  };

  function readString(): string {
    const start = at + 1;
    let end = text.indexOf('"', start);
    for (; end >= 0; end = text.indexOf('"', end + 1)) {
      let slashes = 0;
      while (text.charCodeAt(end - 1 - slashes) === 92) slashes += 1;
      if (slashes % 2 === 0) break;
    }
    if (end < 0) throw new NotReadable();
    at = end + 1;
    const inside = text.slice(start, end);
    if (!special.test(inside)) return inside;
    try {
      return JSON.parse(`"${inside}"`) as string;
    } catch (cause) {
      throw new NotReadable('', { cause });
    }
  }

  function readMember(depth: number): [string, Value] {
    if (skipSpace() !== 34) throw new NotReadable();
    const key = readString();
    need(58);
    return [key, readValue(depth)];
  }

  function readObject(depth: number): ValueObject {
    const object: ValueObject = {};
    if (takes(125)) return object;
    const members: [string, Value][] = [];
    do {
      const member = readMember(depth);
      if (keepsOrder) members.push(member);
      else if (member[0] === '__proto__') defineMember(object, ...member);
      else object[member[0]] = member[1];
    } while (takes(44));
    need(125);
    return keepsOrder ? objectOf(members) : object;
  }

  function readList(depth: number): Value[] {
    const list: Value[] = [];
    if (takes(93)) return list;
    do list.push(readValue(depth));
    while (takes(44));
    need(93);
    return list;
  }

  function readValue(depth: number): Value {
    if (depth > maxDepth) throw new NotReadable();
    const code = skipSpace();
    if (code === 34) return readString();
    if (takes(123)) return readObject(depth + 1);
    if (takes(91)) return readList(depth + 1);
    number.lastIndex = at;
    if (number.test(text)) {
      const source = text.slice(at, number.lastIndex);
      at = number.lastIndex;
      return toNumber(source);
    }
    const word = words.find(([name]) => text.startsWith(name, at));
    if (!word) throw new NotReadable();
    at += word[0].length;
    return word[1];
  }

  const value = readValue(0);
  if (!Number.isNaN(skipSpace())) throw new NotReadable();
  return value;
}
