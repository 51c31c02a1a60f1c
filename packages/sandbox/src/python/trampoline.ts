import { unsigned } from '../cage/module.js';
import { markBlock, marksName } from '../cage/marks.js';

/**
 * CPython casts between C function types and relies on callees ignoring surplus arguments, which WebAssembly traps on. It
 * calls such functions through a trampoline that asks for the callee's real type (`ref.test`). Emscripten builds compile it at
 * start from bytes like these; its address is written into the runtime before anything else happens.
 */
const i32 = 0x7f;
const text = (name: string): number[] => [name.length, ...Buffer.from(name)];
const section = (id: number, body: number[]): number[] => [id, ...unsigned(body.length), ...body];
const vector = (items: number[][]): number[] => [items.length, ...items.flat()];

const functionType = (parameters: number): number[] => [
  0x60,
  parameters,
  ...Array<number>(parameters).fill(i32),
  1,
  i32,
];
const localGet = (index: number): number[] => [0x20, index];
const constant = (value: number): number[] => [0x41, value];

/** `if (typeof table[callee] == type) return table[callee](the first `type` arguments)`. Type numbers are argument counts. */
const callAs = (type: number): number[] => [
  ...[...localGet(1), 0x25, 0, 0xfb, 0x14, type, 0x04, 0x40],
  ...[2, 3, 4].slice(0, type).flatMap(localGet),
  ...[...localGet(1), 0x11, type, 0, 0x0f, 0x0b],
];
/** `*success = value`, and marks it as written. */
const storeSuccess = (value: number): number[] => [
  ...[...localGet(0), ...constant(value), 0x36, 2, 0],
  ...[...localGet(0), ...markBlock],
];

const body = [0, ...storeSuccess(1), ...[3, 2, 1, 0].flatMap(callAs), ...[...storeSuccess(0), ...constant(0), 0x0b]];

// (int *success, callee, three arguments) → the callee's result, or 0 with *success = 0 if it has another type.
const bytes = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, vector([0, 1, 2, 3, 5].map(functionType))),
  ...section(
    2,
    vector([
      [...text('env'), ...text('memory'), 0x02, 0x00, 1],
      [...text('env'), ...text(marksName), 0x02, 0x00, 1],
      [...text('env'), ...text('table'), 0x01, 0x70, 0x00, 1],
    ]),
  ),
  ...section(3, [1, 4]),
  ...section(7, vector([[...text('call'), 0x00, 0]])),
  ...section(10, vector([[...unsigned(body.length), ...body]])),
]);

/** Adds the trampoline to the interpreter's table of functions. Returns its address. */
export function installTrampoline(exports: WebAssembly.Exports): number {
  const table = exports['__indirect_function_table'] as WebAssembly.Table;
  const env = { memory: exports['memory'], table, [marksName]: exports[marksName] } as WebAssembly.ModuleImports;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
  const address = table.grow(1);
  table.set(address, instance.exports['call']);
  return address;
}
