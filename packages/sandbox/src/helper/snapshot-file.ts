import type { PythonSnapshot } from '../python/python.js';

const headerBytes = 16;
const magic = 0x4d_52_50_31; // "MRP1"

/** Magic number, address of `run`, stack pointer, length of the memory, then the memory. */
export function encodeSnapshot(snapshot: PythonSnapshot): Uint8Array {
  const file = Buffer.alloc(headerBytes + snapshot.bytes.length);
  [magic, snapshot.entry, snapshot.stackPointer, snapshot.bytes.length].forEach((word, index) => {
    file.writeUInt32LE(word, index * 4);
  });
  file.set(snapshot.bytes, headerBytes);
  return file;
}

/** Undefined when the file is no whole snapshot. */
export function decodeSnapshot(file: Buffer): PythonSnapshot | undefined {
  if (file.length < headerBytes || file.readUInt32LE(0) !== magic) return undefined;
  const length = file.readUInt32LE(12);
  if (file.length !== headerBytes + length) return undefined;
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  bytes.set(file.subarray(headerBytes));
  return { bytes, entry: file.readUInt32LE(4), stackPointer: file.readUInt32LE(8) };
}
