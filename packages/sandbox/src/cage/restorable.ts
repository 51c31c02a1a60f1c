/** A WebAssembly interpreter's memory and stack, as they are to be before each run. */
export interface Snapshot {
  /** Memory from address 0; everything beyond it is zero. Shared between the threads of a helper. */
  readonly bytes: Uint8Array;
  readonly stackPointer: number;
}

/** Copies what the interpreter holds, from address 0 to its last byte that is not zero. */
export function takeSnapshot(memory: WebAssembly.Memory, stackPointer: WebAssembly.Global<'i32'>): Snapshot {
  const words = new BigUint64Array(memory.buffer);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0n) end--;
  const bytes = new Uint8Array(new SharedArrayBuffer(end * 8));
  bytes.set(new Uint8Array(memory.buffer, 0, end * 8));
  return { bytes, stackPointer: stackPointer.value };
}

/** Of 4, 16 and 64 KiB the quickest to compare. */
const blockBytes = 16_384;
const zeros = Buffer.alloc(blockBytes);

/**
 * Makes a memory equal to a snapshot. Blocks are compared and only those that differ are written: a run touches few of
 * them, and reading two blocks costs less than writing one. Blocks of zeros (the stack, 10 MB) are compared with the same few bytes.
 */
export class Restorer {
  readonly #snapshot: Snapshot;
  /** By block; what lies beyond the snapshot is zero. */
  readonly #isZero: boolean[];

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    const { bytes } = snapshot;
    this.#isZero = Array.from({ length: Math.ceil(bytes.length / blockBytes) }, (_, block) => {
      const part = bytes.subarray(block * blockBytes, (block + 1) * blockBytes);
      return zeros.compare(part, 0, part.length, 0, part.length) === 0;
    });
  }

  /** `memory` must be as large as the snapshot, in whole pages. */
  restore(memory: WebAssembly.Memory, stackPointer: WebAssembly.Global<'i32'>): void {
    const now = Buffer.from(memory.buffer);
    for (let at = 0, block = 0; at < now.length; at += blockBytes, block++) {
      if (this.#isZero[block] ?? true) {
        if (now.compare(zeros, 0, blockBytes, at, at + blockBytes) !== 0) now.fill(0, at, at + blockBytes);
      } else this.#restoreBlock(now, at);
    }
    stackPointer.value = this.#snapshot.stackPointer;
  }

  #restoreBlock(now: Buffer, at: number): void {
    const then = this.#snapshot.bytes;
    const end = Math.min(at + blockBytes, then.length);
    if (now.compare(then, at, end, at, end) !== 0) now.set(then.subarray(at, end), at);
    // Of the last block, which the snapshot may fill in part only.
    if (end < at + blockBytes) now.fill(0, end, at + blockBytes);
  }
}
