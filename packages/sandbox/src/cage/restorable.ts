import { blockBytes, overhangBytes } from './marks.js';
import type { TrackedMemory } from './tracked-memory.js';

/** A WebAssembly interpreter's memory and stack, as they are to be before each run. */
export interface Snapshot {
  /** Memory from address 0; everything beyond it is zero. Shared between the threads of a helper. */
  readonly bytes: Uint8Array;
  readonly stackPointer: number;
}

/** Copies what the interpreter holds, from address 0 to its last byte that is not zero. */
export function takeSnapshot(memory: TrackedMemory, stackPointer: WebAssembly.Global<'i32'>): Snapshot {
  const words = new BigUint64Array(memory.bytes.buffer);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0n) end--;
  const bytes = new Uint8Array(new SharedArrayBuffer(end * 8));
  bytes.set(memory.bytes.subarray(0, end * 8));
  return { bytes, stackPointer: stackPointer.value };
}

const zeros = Buffer.alloc(blockBytes);

/** Makes a memory equal to a snapshot. */
export class Restorer {
  readonly #snapshot: Snapshot;
  readonly #then: Buffer;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    const { buffer, byteOffset, byteLength } = snapshot.bytes;
    this.#then = Buffer.from(buffer, byteOffset, byteLength);
  }

  /** The first time: looks at all of the memory. What is right is not written, since zeros take no space before that. */
  load(memory: TrackedMemory, stackPointer: WebAssembly.Global<'i32'>): void {
    const now = Buffer.from(memory.bytes.buffer);
    for (let from = 0; from < now.length; from += blockBytes)
      if (this.#differs(now, from)) this.#restorePart(now, from, from + blockBytes);
    memory.marks.fill(0);
    stackPointer.value = this.#snapshot.stackPointer;
  }

  /** Later: writes the blocks that were written since, which are few. */
  restore(memory: TrackedMemory, stackPointer: WebAssembly.Global<'i32'>): void {
    const { marks } = memory;
    const now = Buffer.from(memory.bytes.buffer);
    for (let first = marks.indexOf(1); first >= 0;) {
      let next = first + 1;
      while (marks[next] === 1) next++;
      this.#restorePart(now, first * blockBytes, next * blockBytes + overhangBytes);
      first = marks.indexOf(1, next);
    }
    marks.fill(0);
    stackPointer.value = this.#snapshot.stackPointer;
  }

  /** The first address whose byte is not the snapshot's, or undefined: looks at all of the memory, whatever is marked. */
  firstDifference(memory: TrackedMemory): number | undefined {
    const now = Buffer.from(memory.bytes.buffer);
    for (let from = 0; from < now.length; from += blockBytes)
      if (this.#differs(now, from))
        for (let at = from; at < from + blockBytes; at++) if (now[at] !== (this.#then[at] ?? 0)) return at;
    return undefined;
  }

  /** Of the block that begins at `from`. */
  #differs(now: Buffer, from: number): boolean {
    const part = this.#then.subarray(from, from + blockBytes);
    const end = from + part.length;
    const isSame = part.equals(now.subarray(from, end));
    return !isSame || !zeros.subarray(part.length).equals(now.subarray(end, from + blockBytes));
  }

  #restorePart(now: Buffer, from: number, to: number): void {
    const then = this.#then;
    const end = Math.min(to, then.length);
    if (from < end) then.copy(now, from, from, end);
    if (to > then.length) now.fill(0, Math.max(from, then.length), Math.min(to, now.length));
  }
}
