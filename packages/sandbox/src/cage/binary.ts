import { readUnsigned } from './module.js';

/** A place in a module's bytes, which reading moves. */
export interface Position {
  value: number;
}

/** A number in LEB128; the value of a signed one does not count. */
export function read(bytes: Uint8Array, at: Position): number {
  const byte = bytes[at.value] ?? 0;
  if (byte < 0x80) {
    at.value++;
    return byte;
  }
  const { value, next } = readUnsigned(bytes, at.value);
  at.value = next;
  return value;
}

/** @throws Error always */
export const refuse = (what: string): never => {
  throw new Error(`The interpreter's module has ${what}, which is not known here`);
};

/** Refuses types of more than one byte: references that name a type. */
export function checkType(type: number): void {
  const known = (type >= 0x7b && type <= 0x7f) || type === 0x70 || type === 0x6f || type === 0x69;
  if (!known) refuse(`the value type ${type}`);
}

/** Bytes that are being written; numbers are in LEB128. */
export class Writer {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.bytes[this.length++] = value;
  }

  number(value: number): void {
    this.#reserve(5);
    let rest = value >>> 0;
    for (; rest > 0x7f; rest >>>= 7) this.bytes[this.length++] = (rest & 0x7f) | 0x80;
    this.bytes[this.length++] = rest;
  }

  signed(value: number): void {
    this.#reserve(5);
    let rest = value | 0;
    for (; rest > 0x3f || rest < -0x40; rest >>= 7) this.bytes[this.length++] = (rest & 0x7f) | 0x80;
    this.bytes[this.length++] = rest & 0x7f;
  }

  copy(from: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    // Most parts are short, and for those this is much faster than a copy by the engine.
    if (end - start < 64) for (let at = start; at < end; at++) this.bytes[this.length++] = from[at] ?? 0;
    else {
      this.bytes.set(from.subarray(start, end), this.length);
      this.length += end - start;
    }
  }

  section(id: number, content: ArrayLike<number>): void {
    this.byte(id);
    this.number(content.length);
    this.#reserve(content.length);
    this.bytes.set(content, this.length);
    this.length += content.length;
  }

  /** What `write` writes here, behind its length, which takes five bytes. */
  sized(write: () => void): void {
    const width = 5;
    this.#reserve(width);
    const start = this.length;
    this.length += width;
    write();
    let rest = this.length - start - width;
    for (let index = 0; index < width; index++, rest >>>= 7)
      this.bytes[start + index] = (rest & 0x7f) | (index < width - 1 ? 0x80 : 0);
  }

  #reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array((this.length + count) * 2);
    larger.set(this.bytes);
    this.bytes = larger;
  }
}
