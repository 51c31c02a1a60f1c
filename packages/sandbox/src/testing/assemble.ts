import { unsigned } from '../cage/module.js';

/** Parts of WebAssembly modules, as bytes. */
export const i32 = 0x7f;
export const section = (id: number, body: number[]): number[] => [id, ...unsigned(body.length), ...body];
export const vector = (items: number[][]): number[] => [...unsigned(items.length), ...items.flat()];
export const text = (name: string): number[] => [name.length, ...Buffer.from(name)];
/** Numbers from 0 to 63 are the same signed and unsigned; others need more bytes. */
export const constant = (value: number): number[] => {
  const bytes = [0x41];
  let rest = value | 0;
  for (; rest > 63 || rest < -64; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
};
export const get = (local: number): number[] => [0x20, ...unsigned(local)];
export const set = (local: number): number[] => [0x21, ...unsigned(local)];

const pages = { initial: 4, maximum: 8 };
export const memoryBytes = pages.initial * 65_536;

export interface Parts {
  /** Code of functions of one i32 parameter and four more locals of that type, exported as `f0`, `f1`, … */
  bodies: number[][];
  memory?: number[];
  imports?: number[][];
}

/** A module with a memory of 256 KiB, its export, and one passive piece of data. */
export function assemble({ bodies, memory, imports = [] }: Parts): Uint8Array {
  const functions = bodies.map((code) => {
    const body = [...vector([[4, i32]]), ...code, 0x0b];
    return [...unsigned(body.length), ...body];
  });
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, 1, i32, 0]])),
    ...(imports.length > 0 ? section(2, vector(imports)) : []),
    ...section(3, vector(bodies.map(() => [0]))),
    ...section(5, vector([memory ?? [1, pages.initial, pages.maximum]])),
    ...section(
      7,
      vector([[...text('memory'), 2, 0], ...bodies.map((_, index) => [...text(`f${index}`), 0, ...unsigned(index)])]),
    ),
    ...section(12, [1]),
    ...section(10, vector(functions)),
    ...section(11, vector([[1, 64, ...Array.from({ length: 64 }, (_, index) => index + 1)]])),
  ]);
}
