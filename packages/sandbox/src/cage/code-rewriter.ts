import { checkType, type Position, read, refuse, Writer } from './binary.js';
import { bulkShapes, plainShapes, Shape, storedType, storesVector, ValueType, vectorShapes } from './instructions.js';
import { KnownAddresses, type Signature } from './known-addresses.js';
import { blockBytes, blockShift, largestSmallOffset, markBlock, marksMemory } from './marks.js';

const localGet = 0x20;
const localSet = 0x21;
const localTee = 0x22;
const i32Const = 0x41;
const i32Add = 0x6a;
const i32And = 0x71;
const i32ShrU = 0x76;

/** Types of functions by their number. */
export interface Functions {
  types: readonly Signature[];
  imported: readonly number[];
  /** Those with code, which are numbered after the imported ones. */
  functions: readonly number[];
}

/** Adds the marks to the code of all functions. */
export class CodeRewriter {
  readonly #module: Uint8Array;
  readonly #types: readonly Signature[];
  readonly #functions: readonly number[];
  /** Of all functions, by number. */
  readonly #signatures: readonly (Signature | undefined)[];
  readonly #known = new KnownAddresses();
  readonly #out: Writer;
  readonly #head = new Writer(64);
  readonly #body = new Writer(65_536);
  /** Of the function at hand: locals that it had, and those added, by type and use. */
  #ownLocals = 0;
  #added: { type: ValueType; use: number }[] = [];

  constructor(module: Uint8Array, { types, imported, functions }: Functions, out: Writer) {
    this.#module = module;
    this.#types = types;
    this.#functions = functions;
    this.#signatures = [...imported, ...functions].map((type) => types[type]);
    this.#out = out;
  }

  rewrite(at: Position, end: number): void {
    const count = read(this.#module, at);
    if (count !== this.#functions.length) refuse('functions without code');
    this.#out.number(count);
    for (const type of this.#functions) {
      const size = read(this.#module, at);
      const next = at.value + size;
      this.#function(at, next, this.#types[type]?.parameters ?? refuse('a function without a type'));
      at.value = next;
    }
    if (at.value !== end) refuse('code behind its functions');
  }

  #function(at: Position, end: number, parameters: number): void {
    const module = this.#module;
    const groups = read(module, at);
    const declarations = at.value;
    this.#ownLocals = parameters;
    for (let index = 0; index < groups; index++) {
      this.#ownLocals += read(module, at);
      checkType(module[at.value++] ?? 0);
    }
    const declared = at.value;
    this.#added = [];
    this.#known.enter(this.#ownLocals);
    this.#body.length = 0;
    this.#instructions(at, end);
    const head = this.#head;
    head.length = 0;
    head.number(groups + this.#added.length);
    head.copy(module, declarations, declared);
    for (const { type } of this.#added) {
      head.number(1);
      head.byte(type);
    }
    this.#out.number(head.length + this.#body.length);
    this.#out.copy(head.bytes, 0, head.length);
    this.#out.copy(this.#body.bytes, 0, this.#body.length);
  }

  #instructions(at: Position, end: number): void {
    const module = this.#module;
    let copied = at.value;
    while (at.value < end) {
      const start = at.value;
      const opcode = module[at.value++] ?? 0;
      if (opcode === 0xfc || opcode === 0xfd) {
        const sub = read(module, at);
        const shape = (opcode === 0xfc ? bulkShapes : vectorShapes)[sub] ?? Shape.Refused;
        const offset = this.#operands(at, shape, opcode * 65_536 + sub);
        if (opcode === 0xfd && storesVector(sub)) {
          this.#body.copy(module, copied, start);
          this.#store(start, at.value, offset, ValueType.V128);
          copied = at.value;
        } else if (opcode === 0xfc && (sub === 8 || sub === 10 || sub === 11)) {
          this.#checkMemories(start, at.value, sub);
          this.#body.copy(module, copied, start);
          this.#bulk(start, at.value);
          copied = at.value;
        }
        if (opcode === 0xfc && sub < 8) this.#known.replace(1, 1);
        else this.#known.forget();
        continue;
      }
      const operand = this.#operands(at, plainShapes[opcode] ?? Shape.Refused, opcode);
      const stored = storedType(opcode);
      if (stored !== undefined) {
        this.#body.copy(module, copied, start);
        this.#store(start, at.value, operand, stored);
        copied = at.value;
      }
      this.#follow(opcode, operand);
    }
    if (at.value !== end) refuse('an instruction across the end of its function');
    this.#body.copy(module, copied, end);
  }

  #follow(opcode: number, operand: number): void {
    if ((opcode === 0x3f || opcode === 0x40) && operand !== 0) refuse('an access to another memory');
    const called = opcode === 0x10 ? this.#signatures[operand] : opcode === 0x11 ? this.#types[operand] : undefined;
    if (called === undefined) this.#known.step(opcode, operand);
    else this.#known.replace(called.parameters + (opcode === 0x11 ? 1 : 0), called.results);
  }

  /** Steps over what follows an opcode. Returns the offset of an access to memory, or the first number, or 0. */
  #operands(at: Position, shape: Shape, opcode: number): number {
    const module = this.#module;
    switch (shape) {
      case Shape.Plain:
        return 0;
      case Shape.TwoNumbers: {
        const first = read(module, at);
        read(module, at);
        return first;
      }
      case Shape.Number:
        return read(module, at);
      case Shape.Access:
      case Shape.LaneAccess: {
        // Larger ones say that a memory is named.
        if (read(module, at) > 4) refuse('an access to another memory');
        const offset = read(module, at);
        if (shape === Shape.LaneAccess) at.value++;
        return offset;
      }
      case Shape.Lane:
        at.value++;
        return 0;
      case Shape.Bytes4:
        at.value += 4;
        return 0;
      case Shape.Bytes8:
        at.value += 8;
        return 0;
      case Shape.Bytes16:
        at.value += 16;
        return 0;
      case Shape.Branches: {
        for (let left = read(module, at) + 1; left > 0; left--) read(module, at);
        return 0;
      }
      case Shape.List:
        for (let left = read(module, at); left > 0; left--) checkType(module[at.value++] ?? 0);
        return 0;
      case Shape.BlockType:
        this.#blockType(at);
        return 0;
      case Shape.TryTable:
        this.#blockType(at);
        for (let left = read(module, at); left > 0; left--) {
          const kind = module[at.value++] ?? 0;
          if (kind > 3) refuse('a catch of another kind');
          if (kind < 2) read(module, at);
          read(module, at);
        }
        return 0;
      default:
        return refuse(`the instruction 0x${opcode.toString(16)}`);
    }
  }

  /** The index of a type, a value type of one byte, or nothing (0x40). */
  #blockType(at: Position): void {
    const first = this.#module[at.value] ?? 0;
    if (first >= 0x41 && first < 0x80) checkType(first);
    read(this.#module, at);
  }

  #local(type: ValueType, use = 0): number {
    const known = this.#added.findIndex((local) => local.type === type && local.use === use);
    if (known >= 0) return this.#ownLocals + known;
    this.#added.push({ type, use });
    return this.#ownLocals + this.#added.length - 1;
  }

  #op(opcode: number, operand: number): void {
    this.#body.byte(opcode);
    this.#body.number(operand);
  }

  #constant(value: number): void {
    this.#body.byte(i32Const);
    this.#body.signed(value);
  }

  /** On the stack: address, value. */
  #store(start: number, end: number, offset: number, type: ValueType): void {
    const body = this.#body;
    const known = type === ValueType.V128 ? undefined : this.#known.storeAddress;
    if (known === undefined) {
      const address = this.#local(ValueType.I32, 1);
      const value = this.#local(type);
      this.#op(localSet, value);
      this.#op(localTee, address);
      this.#op(localGet, value);
      body.copy(this.#module, start, end);
      this.#mark(address, offset);
      return;
    }
    body.copy(this.#module, start, end);
    if (offset > largestSmallOffset) this.#mark(known, offset);
    else if (!this.#known.isMarked(known)) {
      this.#mark(known, offset);
      this.#known.mark(known);
    }
  }

  /** The address and its sum with the offset lie in the memory: the store has not trapped. */
  #mark(address: number, offset: number): void {
    this.#op(localGet, address);
    if (offset > largestSmallOffset) {
      this.#constant(offset);
      this.#body.byte(i32Add);
    }
    for (const byte of markBlock) this.#body.byte(byte);
  }

  #checkMemories(start: number, end: number, sub: number): void {
    // memory.init names its data and its memory, memory.copy two memories, memory.fill one; the first has the number 0.
    const at = { value: start + 1 };
    read(this.#module, at);
    if (sub === 8) read(this.#module, at);
    while (at.value < end) if (read(this.#module, at) !== 0) refuse('an access to another memory');
  }

  /** On the stack: first address, source or value, number of bytes. */
  #bulk(start: number, end: number): void {
    const address = this.#local(ValueType.I32, 1);
    const source = this.#local(ValueType.I32);
    const length = this.#local(ValueType.I32, 2);
    const body = this.#body;
    this.#op(localSet, length);
    this.#op(localSet, source);
    this.#op(localTee, address);
    this.#op(localGet, source);
    this.#op(localGet, length);
    body.copy(this.#module, start, end);
    // memory.fill(marks, address >> shift, 1, (address % block + length + block - 1) >> shift)
    this.#op(localGet, address);
    this.#constant(blockShift);
    body.byte(i32ShrU);
    this.#constant(1);
    this.#op(localGet, address);
    this.#constant(blockBytes - 1);
    body.byte(i32And);
    this.#op(localGet, length);
    body.byte(i32Add);
    this.#constant(blockBytes - 1);
    body.byte(i32Add);
    this.#constant(blockShift);
    body.byte(i32ShrU);
    for (const byte of [0xfc, 11, marksMemory]) body.byte(byte);
  }
}
