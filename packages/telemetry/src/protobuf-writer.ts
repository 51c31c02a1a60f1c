import type { HrTime } from '@opentelemetry/api';

/** Protobuf into a buffer that grows. */
export class ProtobufWriter {
  #buffer: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  taken(): Uint8Array {
    return this.#buffer.subarray(0, this.#at);
  }

  message(field: number, write: () => void): void {
    const begin = this.begin(field);
    write();
    this.end(begin);
  }

  /** Begins a nested message: one byte is kept for its length. */
  begin(field: number): number {
    this.#room(8);
    this.#tag(field, 2);
    return this.#at++;
  }

  /** Writes the length of what came since; a message of 128 bytes or more moves up for it. */
  end(begin: number): void {
    const length = this.#at - begin - 1;
    if (length < 128) {
      this.#buffer[begin] = length;
      return;
    }
    let bytes = 1;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) bytes++;
    this.#room(bytes);
    this.#buffer.copyWithin(begin + bytes, begin + 1, this.#at);
    this.#at = begin;
    this.#varint(length);
    this.#at += length;
  }

  string(field: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.#room(length + 12);
    this.#tag(field, 2);
    this.#varint(length);
    this.#at += this.#buffer.write(text, this.#at, length, length === text.length ? 'latin1' : 'utf8');
  }

  hex(field: number, digits: string): void {
    this.#room(digits.length + 12);
    this.#tag(field, 2);
    this.#varint(digits.length / 2);
    this.#at += this.#buffer.write(digits, this.#at, 'hex');
  }

  varintField(field: number, value: number | bigint): void {
    this.#room(16);
    this.#tag(field, 0);
    if (typeof value === 'number' && value < 2 ** 31) this.#varint(value);
    else this.#longVarint(BigInt(value));
  }

  time(field: number, [seconds, nanos]: HrTime): void {
    this.#room(16);
    this.#tag(field, 1);
    // Nanoseconds in 64 bits without BigInt: seconds in two halves of 16 bits, each exact when multiplied.
    const upper = (seconds >>> 16) * 1e9;
    const lower = (seconds & 0xffff) * 1e9 + nanos;
    const low = (upper % 0x10000) * 0x10000 + (lower % 0x100000000);
    const high = Math.floor(upper / 0x10000) + Math.floor(lower / 0x100000000) + Math.floor(low / 0x100000000);
    this.#at = this.#buffer.writeUInt32LE(low % 0x100000000, this.#at);
    this.#at = this.#buffer.writeUInt32LE(high, this.#at);
  }

  fixed64(field: number, value: number): void {
    this.#room(16);
    this.#tag(field, 1);
    this.#fixed64(value);
  }

  packedFixed64(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const begin = this.begin(field);
    this.#room(values.length * 8);
    for (const value of values) this.#fixed64(value);
    this.end(begin);
  }

  packedDoubles(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    const begin = this.begin(field);
    this.#room(values.length * 8);
    for (const value of values) this.#at = this.#buffer.writeDoubleLE(value, this.#at);
    this.end(begin);
  }

  fixed32(field: number, value: number): void {
    this.#room(8);
    this.#tag(field, 5);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }

  double(field: number, value: number): void {
    this.#room(16);
    this.#tag(field, 1);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  #fixed64(value: number): void {
    this.#at = this.#buffer.writeUInt32LE(value % 0x100000000, this.#at);
    this.#at = this.#buffer.writeUInt32LE(Math.floor(value / 0x100000000), this.#at);
  }

  #tag(field: number, wireType: number): void {
    this.#varint((field << 3) | wireType);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#at++] = rest;
  }

  #longVarint(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#at++] = Number(rest);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(grown, 0, 0, this.#at);
    this.#buffer = grown;
  }
}
