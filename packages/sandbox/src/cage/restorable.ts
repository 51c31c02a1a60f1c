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
 * Makes `memory` equal to the snapshot. Blocks are compared and only those that differ are written: a run touches few of
 * them, and reading two blocks costs less than writing one.
 */
export function restoreSnapshot(
  memory: WebAssembly.Memory,
  stackPointer: WebAssembly.Global<'i32'>,
  snapshot: Snapshot,
): void {
  const now = Buffer.from(memory.buffer);
  const then = snapshot.bytes;
  const whole = then.length - (then.length % blockBytes);
  for (let at = 0; at < whole; at += blockBytes) {
    const end = at + blockBytes;
    if (now.compare(then, at, end, at, end) !== 0) now.set(then.subarray(at, end), at);
  }
  now.set(then.subarray(whole), whole);
  const rest = Math.min(now.length, whole + blockBytes);
  now.fill(0, then.length, rest);
  for (let at = rest; at < now.length; at += blockBytes)
    if (now.compare(zeros, 0, blockBytes, at, at + blockBytes) !== 0) now.fill(0, at, at + blockBytes);
  stackPointer.value = snapshot.stackPointer;
}
