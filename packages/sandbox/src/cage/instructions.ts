/**
 * The instructions of WebAssembly by what follows their opcode: all that the interpreters' modules use, and no guess about
 * any other (garbage collection, threads, relaxed SIMD, more than one memory).
 */
export const enum Shape {
  /** Not known here. */
  Refused = 0,
  Plain,
  /** One number, signed or not. */
  Number,
  TwoNumbers,
  /** Alignment and offset. */
  Access,
  /** The same, then the number of a lane. */
  LaneAccess,
  Lane,
  Bytes4,
  Bytes8,
  Bytes16,
  /** A list of numbers and one more. */
  Branches,
  /** A list of numbers. */
  List,
  BlockType,
  TryTable,
}

type Range = readonly [from: number, to: number, shape: Shape];

function shapes(ranges: readonly Range[]): readonly Shape[] {
  const table = Array<Shape>(512).fill(Shape.Refused);
  for (const [from, to, shape] of ranges) table.fill(shape, from, to + 1);
  return table;
}

export const plainShapes = shapes([
  [0x00, 0x01, Shape.Plain],
  // block, loop, if, else; try and its parts: both forms of exceptions.
  [0x02, 0x04, Shape.BlockType],
  [0x05, 0x05, Shape.Plain],
  [0x06, 0x06, Shape.BlockType],
  [0x07, 0x09, Shape.Number],
  [0x0a, 0x0b, Shape.Plain],
  [0x0c, 0x0d, Shape.Number],
  [0x0e, 0x0e, Shape.Branches],
  [0x0f, 0x0f, Shape.Plain],
  // Calls, also in the place of a return.
  [0x10, 0x10, Shape.Number],
  [0x11, 0x11, Shape.TwoNumbers],
  [0x12, 0x12, Shape.Number],
  [0x13, 0x13, Shape.TwoNumbers],
  [0x18, 0x18, Shape.Number],
  [0x19, 0x1b, Shape.Plain],
  [0x1c, 0x1c, Shape.List],
  [0x1f, 0x1f, Shape.TryTable],
  // Locals, globals, tables, loads and stores.
  [0x20, 0x26, Shape.Number],
  [0x28, 0x3e, Shape.Access],
  // memory.size and memory.grow name their memory.
  [0x3f, 0x42, Shape.Number],
  [0x43, 0x43, Shape.Bytes4],
  [0x44, 0x44, Shape.Bytes8],
  [0x45, 0xc4, Shape.Plain],
  [0xd0, 0xd0, Shape.Number],
  [0xd1, 0xd1, Shape.Plain],
  [0xd2, 0xd2, Shape.Number],
]);

/** Behind 0xfc. */
export const bulkShapes = shapes([
  [0, 7, Shape.Plain],
  // memory.init, data.drop, memory.copy, memory.fill, then the same of tables, table.grow, size and fill.
  [8, 8, Shape.TwoNumbers],
  [9, 9, Shape.Number],
  [10, 10, Shape.TwoNumbers],
  [11, 11, Shape.Number],
  [12, 12, Shape.TwoNumbers],
  [13, 13, Shape.Number],
  [14, 14, Shape.TwoNumbers],
  [15, 17, Shape.Number],
]);

/** Behind 0xfd. */
export const vectorShapes = shapes([
  [0, 11, Shape.Access],
  [12, 13, Shape.Bytes16],
  [14, 20, Shape.Plain],
  [21, 34, Shape.Lane],
  [35, 83, Shape.Plain],
  [84, 91, Shape.LaneAccess],
  [92, 93, Shape.Access],
  [94, 255, Shape.Plain],
]);

export const enum ValueType {
  I32 = 0x7f,
  I64 = 0x7e,
  F32 = 0x7d,
  F64 = 0x7c,
  V128 = 0x7b,
}

/** What an instruction writes to memory, or undefined when it writes none. */
export function storedType(opcode: number): ValueType | undefined {
  switch (opcode) {
    case 0x36: // i32.store, store8, store16
    case 0x3a:
    case 0x3b:
      return ValueType.I32;
    case 0x37: // i64.store, store8, store16, store32
    case 0x3c:
    case 0x3d:
    case 0x3e:
      return ValueType.I64;
    case 0x38:
      return ValueType.F32;
    case 0x39:
      return ValueType.F64;
    default:
      return undefined;
  }
}

/** The same behind 0xfd: v128.store and the stores of a lane. */
export const storesVector = (opcode: number): boolean => opcode === 11 || (opcode >= 88 && opcode <= 91);

/** How many operands an instruction of one byte takes, or -1 when that depends or does not matter; see `produced`. */
export const consumed = new Int8Array(256).fill(-1);
for (const [from, to, operands] of [
  [0x01, 0x01, 0],
  // br_if that does not branch, drop, select
  [0x0d, 0x0d, 1],
  [0x1a, 0x1a, 1],
  [0x1b, 0x1b, 3],
  [0x23, 0x23, 0],
  [0x24, 0x25, 1],
  [0x28, 0x35, 1],
  [0x36, 0x3e, 2],
  [0x3f, 0x3f, 0],
  [0x40, 0x40, 1],
  [0x41, 0x44, 0],
  // Arithmetic.
  [0x45, 0x45, 1],
  [0x46, 0x4f, 2],
  [0x50, 0x50, 1],
  [0x51, 0x66, 2],
  [0x67, 0x69, 1],
  [0x6a, 0x78, 2],
  [0x79, 0x7b, 1],
  [0x7c, 0x8a, 2],
  [0x8b, 0x91, 1],
  [0x92, 0x98, 2],
  [0x99, 0x9f, 1],
  [0xa0, 0xa6, 2],
  [0xa7, 0xc4, 1],
] as const)
  consumed.fill(operands, from, to + 1);

/** How many results such an instruction gives: one, but for those that only take. */
export const produced = (opcode: number): 0 | 1 =>
  opcode === 0x01 || opcode === 0x0d || opcode === 0x1a || opcode === 0x24 || (opcode >= 0x36 && opcode <= 0x3e)
    ? 0
    : 1;
