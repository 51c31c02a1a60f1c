import type { PythonSnapshot } from '../python/python.js';

const magic = 0x4d_52_50_32; // "MRP2"
const fields = ['prepare', 'run', 'stackPointer', 'stackBase', 'stackEnd'] as const;
const headerBytes = (fields.length + 2) * 4;

/** Magic number, length of the memory, the numbers of a snapshot, then the memory. */
export function encodeSnapshot(snapshot: PythonSnapshot): Uint8Array {
  const file = Buffer.alloc(headerBytes + snapshot.bytes.length);
  const words = [magic, snapshot.bytes.length, ...fields.map((field) => snapshot[field])];
  words.forEach((word, index) => file.writeUInt32LE(word >>> 0, index * 4));
  file.set(snapshot.bytes, headerBytes);
  return file;
}

/** Undefined when the file is no whole snapshot. */
export function decodeSnapshot(file: Buffer): PythonSnapshot | undefined {
  if (file.length < headerBytes || file.readUInt32LE(0) !== magic) return undefined;
  const length = file.readUInt32LE(4);
  if (file.length !== headerBytes + length) return undefined;
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  bytes.set(file.subarray(headerBytes));
  const word = (field: (typeof fields)[number]): number => file.readUInt32LE((fields.indexOf(field) + 2) * 4);
  return {
    bytes,
    ...{ prepare: word('prepare'), run: word('run'), stackPointer: word('stackPointer') },
    ...{ stackBase: word('stackBase'), stackEnd: word('stackEnd') },
  };
}
