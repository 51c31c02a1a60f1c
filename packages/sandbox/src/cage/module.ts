/**
 * The module with its memory limited by its own declaration, so that no code inside can grow it further, whatever it does.
 * Rewrites the memory section (id 5), which both interpreters have with one memory that they define and export.
 */
export function limitMemory(module: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  let at = 8;
  while (at < module.length) {
    const start = at;
    const id = module[at++];
    const size = readUnsigned(module, at);
    const content = size.next;
    at = content + size.value;
    if (id !== 5) continue;
    const flags = module[content + 1] ?? 0;
    if (module[content] !== 1 || flags > 1) throw new Error('The interpreter has an unexpected memory');
    const initial = readUnsigned(module, content + 2).value;
    const body = [1, 1, ...unsigned(initial), ...unsigned(Math.max(initial, Math.floor(maxBytes / 65_536)))];
    const section = Buffer.from([5, ...unsigned(body.length), ...body]);
    return Buffer.concat([module.subarray(0, start), section, module.subarray(at)]);
  }
  throw new Error('The interpreter has no memory');
}

export function readUnsigned(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let next = at;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[next++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next };
  }
}

/** A number in the encoding of WebAssembly (LEB128). */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
