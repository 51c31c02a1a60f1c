import { blockShift, marksName } from './marks.js';

/**
 * The memory of an interpreter whose module marks what it writes (`trackWrites`). The host writes through here only, so that its
 * writes are marked as well.
 */
export class TrackedMemory {
  /** By block, up to the memory's maximum: 1 when something was written there since the last restore. */
  readonly marks: Buffer;
  readonly #memory: WebAssembly.Memory;

  constructor(exports: WebAssembly.Exports) {
    this.#memory = exports['memory'] as WebAssembly.Memory;
    this.marks = Buffer.from((exports[marksName] as WebAssembly.Memory).buffer);
  }

  get byteLength(): number {
    return this.#memory.buffer.byteLength;
  }

  /** All of it, to read. Made anew whenever it is asked for, since memory grows. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }

  /** All of it, to read. */
  get view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  /** `length` bytes from `address`, to write. @throws RangeError when they are not all in the memory */
  writableBytes(address: number, length: number): Uint8Array {
    const part = new Uint8Array(this.#memory.buffer, address >>> 0, length);
    this.#mark(part);
    return part;
  }

  /** The same, for fields. */
  writableView(address: number, length: number): DataView {
    const part = new DataView(this.#memory.buffer, address >>> 0, length);
    this.#mark(part);
    return part;
  }

  /** Copies `bytes` to `address`. @throws RangeError when they do not fit */
  write(address: number, bytes: Uint8Array): void {
    this.writableBytes(address, bytes.length).set(bytes);
  }

  /** @throws RangeError at the memory's maximum */
  grow(bytes: number): void {
    this.#memory.grow(Math.ceil(bytes / 65_536));
  }

  #mark({ byteOffset, byteLength }: ArrayBufferView): void {
    if (byteLength > 0) this.marks.fill(1, byteOffset >> blockShift, ((byteOffset + byteLength - 1) >> blockShift) + 1);
  }
}
