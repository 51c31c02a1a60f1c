import { assemble, constant, get, memoryBytes, type Parts, set, text } from '../testing/assemble.js';
import { sequence } from '../testing/random.js';
import { blockBytes } from './marks.js';
import { unsigned } from './module.js';
import { Restorer, takeSnapshot } from './restorable.js';
import { trackWrites } from './track-writes.js';
import { TrackedMemory } from './tracked-memory.js';

const stackPointer = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);

/** An instance whose memory is full of bytes, and what restores that. */
function start(parts: Parts) {
  const module = new WebAssembly.Module(trackWrites(assemble(parts)));
  const { exports } = new WebAssembly.Instance(module);
  const memory = new TrackedMemory(exports);
  memory.writableBytes(0, memoryBytes - 1_000).forEach((_, at, bytes) => (bytes[at] = (at % 250) + 1));
  const restorer = new Restorer(takeSnapshot(memory, stackPointer));
  restorer.load(memory, stackPointer);
  const call = (index: number, argument: number): void =>
    (exports[`f${index}`] as (argument: number) => void)(argument);
  const raw = new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer);
  const restore = (): void => restorer.restore(memory, stackPointer);
  return { call, memory, raw, restore, difference: () => restorer.firstDifference(memory) };
}

const zeros = (count: number): number[] => Array<number>(count).fill(0);
/** An operand, and the store of it. */
const v128 = [0xfd, 12, ...zeros(16)];
const stores: [name: string, value: number[], opcode: number[], after?: number[]][] = [
  ['i32.store', constant(0), [0x36]],
  ['i64.store', [0x42, 0], [0x37]],
  ['f32.store', [0x43, ...zeros(4)], [0x38]],
  ['f64.store', [0x44, ...zeros(8)], [0x39]],
  ['i32.store8', constant(0), [0x3a]],
  ['i32.store16', constant(0), [0x3b]],
  ['i64.store8', [0x42, 0], [0x3c]],
  ['i64.store16', [0x42, 0], [0x3d]],
  ['i64.store32', [0x42, 0], [0x3e]],
  ['v128.store', v128, [0xfd, 11]],
  ['v128.store8_lane', v128, [0xfd, 88], [15]],
  ['v128.store16_lane', v128, [0xfd, 89], [7]],
  ['v128.store32_lane', v128, [0xfd, 90], [3]],
  ['v128.store64_lane', v128, [0xfd, 91], [1]],
];
const offsets = [0, 1, 7, 1_000, 1_008, 1_009, 1_023, 4_095, 70_000];
const addresses = [0, 1, ...[1, 2, 13].flatMap((block) => [-17, -9, -1, 0, 1].map((by) => block * blockBytes + by))];

describe('what a store has written is restored', () => {
  // The address from a local, and from where it cannot be followed.
  const shapes = [(address: number[]) => address, (address: number[]) => [...address, ...constant(0), 0x6a]];
  test.each(stores)('%s', (_, value, opcode, after = []) => {
    const bodies = shapes.flatMap((shape) =>
      offsets.map((offset) => [...shape(get(0)), ...value, ...opcode, 0, ...unsigned(offset), ...after]),
    );
    const { call, restore, difference } = start({ bodies });
    bodies.forEach((_, index) => {
      for (const address of addresses) {
        call(index, address);
        expect(difference()).toBe(address + (offsets[index % offsets.length] ?? 0));
        restore();
        expect(difference()).toBeUndefined();
      }
    });
  });

  test.each([
    ['memory.fill', constant(0), [0xfc, 11, 0]],
    ['memory.copy', constant(memoryBytes - 30_000), [0xfc, 10, 0, 0]],
    ['memory.init', constant(0), [0xfc, 8, 0, 0]],
  ])('%s', (name, source, opcode) => {
    const lengths = name === 'memory.init' ? [0, 1, 64] : [0, 1, 4_095, 4_096, 4_097, 30_000];
    const bodies = lengths.map((length) => [...get(0), ...source, ...constant(length), ...opcode]);
    const { call, restore, difference } = start({ bodies });
    lengths.forEach((length, index) => {
      for (const address of [...addresses, memoryBytes - length]) {
        call(index, address);
        if (length > 0 && name === 'memory.fill' && address < memoryBytes - 30_000) expect(difference()).toBe(address);
        restore();
        expect(difference()).toBeUndefined();
      }
    });
  });

  test('a write that traps', () => {
    const bodies = [
      [...get(0), ...constant(0), 0x36, 0, 0],
      [...get(0), ...constant(0), 0x36, 0, ...unsigned(0xffff_ff00)],
      [...get(0), ...constant(0), ...constant(100), 0xfc, 11, 0],
    ];
    const { call, difference } = start({ bodies });
    for (const address of [memoryBytes - 3, memoryBytes, -1, -256])
      bodies.forEach((_, index) => expect(() => call(index, address)).toThrow(WebAssembly.RuntimeError));
    expect(difference()).toBeUndefined();
  });
});

/** A piece of code that stores through locals, which it changes, in blocks, loops and branches. Locals 1 to 3 hold addresses, 4 counts. */
function randomCode(next: (limit: number) => number, depth: number): number[] {
  const local = (): number => 1 + next(3);
  const address = [...constant(next(memoryBytes - 4_096))];
  const condition = [...get(0), ...constant(1 << next(12)), 0x71];
  const store = (target: number, value: number[]): number[] => {
    const offset = [0, 4, 1_000, 2_000][next(4)] ?? 0;
    return [...get(target), ...value, 0x3a, 0, ...unsigned(offset)];
  };
  const inside = (): number[] => Array.from({ length: 1 + next(4) }, () => randomCode(next, depth - 1)).flat();
  switch (next(depth > 0 ? 11 : 6)) {
    case 0:
      return [...address, ...set(local())];
    case 1:
      return [...get(local()), ...set(local())];
    // The local changes between its use as an address and the store.
    case 2:
      return store(local(), [...address, 0x22, local()]);
    case 3:
      return [...address, 0x22, local(), ...constant(0), 0x3a, 0, ...unsigned(next(600))];
    case 4:
    case 5:
      return store(local(), constant(0));
    case 6:
      return [...condition, 0x04, 0x40, ...inside(), 0x0b];
    case 7:
      return [...condition, 0x04, 0x40, ...inside(), 0x05, ...inside(), 0x0b];
    case 8:
      return [0x02, 0x40, ...inside(), ...condition, 0x0d, 0, ...inside(), 0x0b];
    case 9:
      return [0x06, 0x40, ...inside(), 0x19, ...inside(), 0x0b];
    default: {
      // Goes round while the counter, which all loops share, is below 20.
      const count = [...get(4), ...constant(1), 0x6a, 0x22, 4, ...constant(20), 0x48, 0x0d, 0];
      return [0x03, 0x40, ...inside(), ...count, 0x0b];
    }
  }
}

test('whatever way code takes, each of its writes is restored', () => {
  const next = sequence(1);
  for (let round = 0; round < 40; round++) {
    const bodies = Array.from({ length: 25 }, () => Array.from({ length: 6 }, () => randomCode(next, 3)).flat());
    const { call, restore, difference } = start({ bodies });
    for (let index = 0; index < bodies.length; index++) {
      for (let turn = 0; turn < 8; turn++) {
        call(index, next(1 << 12));
        restore();
        expect(difference()).toBeUndefined();
      }
    }
  }
});

test('memory that was added is emptied', () => {
  const bodies = [
    [...constant(2), 0x40, 0, 0x1a],
    [...get(0), ...constant(9), 0x36, 0, 0],
  ];
  const { call, restore, difference } = start({ bodies });
  call(0, 0);
  call(1, memoryBytes + 70_000);
  expect(difference()).toBe(memoryBytes + 70_000);
  restore();
  expect(difference()).toBeUndefined();
});

test('a write that is not marked is found', () => {
  const { raw, restore, difference } = start({ bodies: [] });
  for (const address of [0, 5_000, memoryBytes - 1]) {
    const before = raw[address] ?? 0;
    raw[address] = before + 1;
    restore();
    expect(difference()).toBe(address);
    raw[address] = before;
  }
  expect(difference()).toBeUndefined();
});

test('writes of the host are restored', () => {
  const { memory, restore, difference } = start({ bodies: [] });
  memory.write(blockBytes - 1, new Uint8Array(2 * blockBytes));
  memory.writableView(60_000, 8).setBigInt64(0, 0n);
  memory.writableBytes(memoryBytes, 0);
  expect(difference()).toBe(blockBytes - 1);
  restore();
  expect(difference()).toBeUndefined();
  for (const [address, length] of [
    [memoryBytes, 1],
    [-1, 4],
  ] as const)
    expect(() => memory.writableBytes(address, length)).toThrow(/Invalid|outside/);
});

describe('what is not known is refused', () => {
  test.each<[name: string, parts: Parts, message: RegExp]>([
    ['an atomic store', { bodies: [[...get(0), ...constant(0), 0xfe, 0x17, 2, 0]] }, /instruction 0xfe/],
    ['an object', { bodies: [[0xfb, 0, 0, 0x1a]] }, /instruction 0xfb/],
    ['relaxed SIMD', { bodies: [[...v128, ...v128, 0xfd, 0x80, 2, 0x1a]] }, /instruction 0xfd/],
    ['another memory', { bodies: [[...get(0), ...constant(0), 0x36, 0x42, 1, 0]] }, /access to another memory/],
    ['another memory to be filled', { bodies: [[...get(0), ...get(0), ...get(0), 0xfc, 11, 1]] }, /another memory/],
    ['no maximum', { bodies: [], memory: [0, 4] }, /memory without a maximum/],
    ['a shared memory', { bodies: [], memory: [3, 4, 8] }, /memory without a maximum/],
    ['a memory from outside', { bodies: [], imports: [[...text('a'), ...text('b'), 2, 0, 1]] }, /import of kind 2/],
    ['a typed reference', { bodies: [[0x02, 0x63, 0, 0x0b]] }, /value type/],
  ])('%s', (_, parts, message) => {
    expect(() => trackWrites(assemble(parts))).toThrow(message);
  });
});

test('a new memory is made equal to a snapshot of another', () => {
  const parts: Parts = { bodies: [] };
  const { memory } = start(parts);
  const restorer = new Restorer(takeSnapshot(memory, stackPointer));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(trackWrites(assemble(parts))));
  const other = new TrackedMemory(exports);
  other.write(memoryBytes - 10, new Uint8Array([1, 2, 3]));
  expect(restorer.firstDifference(other)).toBe(0);
  restorer.load(other, stackPointer);
  expect(restorer.firstDifference(other)).toBeUndefined();
});
