import { consumed, produced } from './instructions.js';

export interface Signature {
  parameters: number;
  results: number;
}

/**
 * Follows the code of a function from one instruction to the next and knows two things: which local an operand was read from, if
 * that local still holds it, and which locals hold an address whose block was marked on every way to here. Marks are cleared
 * between runs only, so a mark holds until its local gets another value. A block's marks are forgotten at its end, for
 * it may be left early, and a loop's beginning knows none, for it is reached from its end as well.
 */
export class KnownAddresses {
  /** Of a local: counts its values, as they come in the code. */
  #value = new Int32Array(0);
  /** Of a local: the value that was marked, or 0. */
  #marked = new Int32Array(0);
  /** What `#marked` was before each change, to take back at the end of a block. */
  readonly #changes: { local: number; before: number }[] = [];
  readonly #blocks: number[] = [];
  /** The operands pushed since anything was last known, each a local (-1: none) and its value; `#depth` of them count. */
  readonly #operandLocal: number[] = [];
  readonly #operandValue: number[] = [];
  #depth = 0;

  enter(locals: number): void {
    if (locals > this.#value.length) {
      this.#value = new Int32Array(locals * 2);
      this.#marked = new Int32Array(locals * 2);
    }
    this.#value.fill(1, 0, locals);
    this.#marked.fill(0, 0, locals);
    this.#changes.length = 0;
    this.#blocks.length = 0;
    this.#depth = 0;
  }

  /** The local that holds the operand under the topmost one: the address of a store. */
  get storeAddress(): number | undefined {
    if (this.#depth < 2) return undefined;
    const local = this.#operandLocal[this.#depth - 2] ?? -1;
    return local >= 0 && this.#value[local] === this.#operandValue[this.#depth - 2] ? local : undefined;
  }

  isMarked(local: number): boolean {
    return this.#marked[local] === this.#value[local];
  }

  mark(local: number): void {
    this.#setMarked(local, this.#value[local] ?? 0);
  }

  /** Steps over an instruction of one byte and its first operand, if it has one. */
  step(opcode: number, operand: number): void {
    switch (opcode) {
      case 0x02: // block, if, try, try_table
      case 0x04:
      case 0x06:
      case 0x1f:
        this.#open();
        return;
      case 0x03:
        this.#open();
        this.#forgetMarks();
        return;
      case 0x05: // else, catch, catch_all: as at the beginning of the block
      case 0x07:
      case 0x19:
        this.#close();
        this.#open();
        return;
      case 0x0b: // end, delegate
      case 0x18:
        this.#close();
        return;
      case 0x20:
        this.#push(operand, this.#value[operand] ?? 0);
        return;
      case 0x21:
        this.replace(1, 0);
        this.#value[operand] = (this.#value[operand] ?? 0) + 1;
        return;
      case 0x22:
        this.replace(1, 0);
        this.#value[operand] = (this.#value[operand] ?? 0) + 1;
        this.#push(operand, this.#value[operand] ?? 0);
        return;
      default: {
        const pops = consumed[opcode] ?? -1;
        if (pops < 0) this.forget();
        else this.replace(pops, produced(opcode));
      }
    }
  }

  /** A call, or any other instruction of which it is known what it takes and gives. */
  replace(pops: number, pushes: number): void {
    this.#depth = Math.max(0, this.#depth - pops);
    for (let left = pushes; left > 0; left--) this.#push(-1, 0);
  }

  /** Nothing is known about operands. */
  forget(): void {
    this.#depth = 0;
  }

  #push(local: number, value: number): void {
    this.#operandLocal[this.#depth] = local;
    this.#operandValue[this.#depth++] = value;
  }

  #open(): void {
    this.#blocks.push(this.#changes.length);
    this.forget();
  }

  #close(): void {
    const before = this.#blocks.pop() ?? 0;
    while (this.#changes.length > before) {
      const change = this.#changes.pop();
      if (change !== undefined) this.#marked[change.local] = change.before;
    }
    this.forget();
  }

  #forgetMarks(): void {
    for (let index = this.#changes.length - 1; index >= 0; index--) {
      const { local } = this.#changes[index] ?? { local: 0 };
      if (this.isMarked(local)) this.#setMarked(local, 0);
    }
  }

  #setMarked(local: number, value: number): void {
    this.#changes.push({ local, before: this.#marked[local] ?? 0 });
    this.#marked[local] = value;
  }
}
