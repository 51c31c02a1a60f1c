import { checkType, type Position, read, refuse, Writer } from './binary.js';
import { CodeRewriter } from './code-rewriter.js';
import type { Signature } from './known-addresses.js';
import { blockBytes, marksMemory, marksName } from './marks.js';
import { unsigned } from './module.js';

const pageBytes = 65_536;

/**
 * The module with every instruction that writes to its memory followed by one that marks the block in a second memory. Nothing
 * in the module can name that memory but what is added here, so that code which has taken over the interpreter cannot undo marks.
 * Marks are set after the write, which may trap: then nothing was written. The mark cannot trap: there is one for each block up to
 * the memory's declared maximum.
 * @throws Error when the module has a part that is not known here
 */
export function trackWrites(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Writer(Math.ceil(module.length * 1.25));
  out.copy(module, 0, 8);
  let types: Signature[] = [];
  let imported: number[] = [];
  let functions: number[] = [];
  const at = { value: 8 };
  const seen = new Set<number>();
  while (at.value < module.length) {
    const start = at.value;
    const id = module[at.value++] ?? 0;
    const size = read(module, at);
    const content = at.value;
    const end = content + size;
    seen.add(id);
    at.value = content;
    if (id === section.memory) out.section(id, memories(module, at));
    else if (id === section.export) out.section(id, exports(module, content, end));
    else if (id === section.code) {
      out.byte(id);
      out.sized(() => new CodeRewriter(module, { types, imported, functions }, out).rewrite(at, end));
    } else {
      if (id === section.type) types = signatures(module, at);
      if (id === section.function) functions = list(module, at);
      if (id === section.import) imported = importedFunctions(module, at);
      out.copy(module, start, end);
    }
    at.value = end;
  }
  for (const id of [section.memory, section.export, section.code])
    if (!seen.has(id)) throw new Error(`The interpreter has no section ${id}`);
  return out.bytes.subarray(0, out.length);
}

const section = { type: 1, import: 2, function: 3, memory: 5, export: 7, code: 10 };

function list(bytes: Uint8Array, at: Position): number[] {
  const count = read(bytes, at);
  return Array.from({ length: count }, () => read(bytes, at));
}

function signatures(bytes: Uint8Array, at: Position): Signature[] {
  const count = read(bytes, at);
  return Array.from({ length: count }, () => {
    if (bytes[at.value++] !== 0x60) refuse('a type that is not a function');
    const parameters = valueTypes(bytes, at);
    return { parameters, results: valueTypes(bytes, at) };
  });
}

/** Steps over a list of types of one byte each; returns their number. */
function valueTypes(bytes: Uint8Array, at: Position): number {
  const count = read(bytes, at);
  for (let index = 0; index < count; index++) checkType(bytes[at.value++] ?? 0);
  return count;
}

/** The types of functions that come from outside. A memory may not: it would be the first. */
function importedFunctions(bytes: Uint8Array, at: Position): number[] {
  const functions: number[] = [];
  const count = read(bytes, at);
  const skipName = (): void => {
    const length = read(bytes, at);
    at.value += length;
  };
  for (let index = 0; index < count; index++) {
    skipName();
    skipName();
    const kind = bytes[at.value++] ?? 0;
    if (kind === 0) functions.push(read(bytes, at));
    else if (kind === 1) {
      checkType(bytes[at.value++] ?? 0);
      const limits = bytes[at.value++] ?? 0;
      if (limits > 1) refuse('a table of another kind');
      read(bytes, at);
      if (limits === 1) read(bytes, at);
    } else if (kind === 3) {
      checkType(bytes[at.value++] ?? 0);
      at.value++;
    } else if (kind === 4) {
      at.value++;
      read(bytes, at);
    } else refuse(`an import of kind ${kind}`);
  }
  return functions;
}

function memories(bytes: Uint8Array, at: Position): number[] {
  if (bytes[at.value] !== 1 || bytes[at.value + 1] !== 1) refuse('a memory without a maximum');
  at.value += 2;
  const initial = read(bytes, at);
  const maximum = read(bytes, at);
  const pages = Math.ceil((maximum * pageBytes) / blockBytes / pageBytes);
  const own = [1, ...unsigned(initial), ...unsigned(maximum)];
  return [2, ...own, 1, ...unsigned(pages), ...unsigned(pages)];
}

function exports(bytes: Uint8Array, from: number, end: number): Uint8Array {
  const at = { value: from };
  const count = read(bytes, at);
  const name = Buffer.from(marksName);
  return Buffer.concat([
    Buffer.from(unsigned(count + 1)),
    bytes.subarray(at.value, end),
    Buffer.from([...unsigned(name.length), ...name, 2, marksMemory]),
  ]);
}
