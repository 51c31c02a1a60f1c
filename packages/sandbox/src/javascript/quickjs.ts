import { Restorer, takeSnapshot } from '../cage/restorable.js';
import { TrackedMemory } from '../cage/tracked-memory.js';
import { prelude } from './prelude.js';

/** Deep recursion ends here, in an error of the language with a line, before the host's own stack does. */
const maxStackBytes = 192 * 1024;

type Exports = Record<string, ((...args: number[]) => number) | undefined>;

/** Uncaught exception: the address of the value. */
class Thrown extends Error {
  constructor(readonly value: number) {
    super('uncaught');
  }
}

/** One QuickJS in WebAssembly, on a host of our own: it can ask for the time and for random bytes, and for nothing else. */
export class QuickJs {
  readonly #memory: TrackedMemory;
  readonly #stackPointer: WebAssembly.Global<'i32'>;
  readonly #exports: Exports;
  /** Addresses of the prelude's functions. */
  #functions = { seed: 0, run: 0, describe: 0 };
  #restorer: Restorer | undefined;

  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module, this.#imports());
    this.#memory = new TrackedMemory(exports);
    this.#stackPointer = exports['__stack_pointer'] as WebAssembly.Global<'i32'>;
    this.#exports = exports as Exports;
  }

  get memoryBytes(): number {
    return this.#memory.byteLength;
  }

  /** Makes the runtime and its context, in the state that every run starts from. */
  boot(maxMemoryBytes: number): void {
    this.#fn('_initialize')();
    if (this.#fn('qjs_init')() !== 0) throw new Error('QuickJS did not start');
    this.#fn('qjs_set_memory_limit')(maxMemoryBytes);
    this.#fn('qjs_set_max_stack_size')(maxStackBytes);
    const functions = this.#evaluate(prelude, '<cage>');
    const [seed, run, describe] = [0, 1, 2].map((index) => this.#fn('qjs_get_prop_uint32')(functions, index));
    this.#functions = { seed: seed ?? 0, run: run ?? 0, describe: describe ?? 0 };
    this.#restorer = new Restorer(takeSnapshot(this.#memory, this.#stackPointer));
    this.#restorer.load(this.#memory, this.#stackPointer);
  }

  /** Where the memory is not what it was after `boot`, or undefined; for checks. */
  firstDifference(): number | undefined {
    return this.#restorer?.firstDifference(this.#memory);
  }

  /** Forgets everything since `boot`. */
  restore(): void {
    this.#restorer?.restore(this.#memory, this.#stackPointer);
  }

  /**
   * Runs `code`, calls its `main` with the parsed `inputs`. Returns `R` and JSON or `E` and an error's text, or undefined when that
   * is longer than `maxOutputBytes`. Throws when the interpreter itself broke. It must be restored afterwards.
   */
  run(code: string, inputs: string, maxOutputBytes: number): string | undefined {
    const number = this.#fn('qjs_new_number');
    const seeds = crypto.getRandomValues(new Int32Array(3));
    this.#call(
      this.#functions.seed,
      [...seeds].map((seed) => number(seed)),
    );
    try {
      this.#evaluate(code, '<code>');
      // Also finds a `main` that is no property of the global object (`const main = …`).
      const main = this.#evaluate(`typeof main === 'undefined' ? undefined : main`, '<cage>');
      return this.#text(this.#call(this.#functions.run, [main, this.#string(inputs)]), maxOutputBytes);
    } catch (error) {
      if (!(error instanceof Thrown)) throw error;
      return this.#text(this.#call(this.#functions.describe, [error.value]), maxOutputBytes);
    }
  }

  #imports(): WebAssembly.Imports {
    const badFile = 8;
    const notSupported = 52;
    return {
      env: {
        host_get_timezone_offset: () => 0,
        host_interrupt: () => 0,
        host_promise_rejection: () => undefined,
        host_module_normalize: () => 0,
        host_module_load: () => 0,
        host_call: () => 0,
      },
      wasi_snapshot_preview1: {
        clock_time_get: (clock: number, _precision: bigint, at: number) => {
          const milliseconds = clock === 0 ? Date.now() : performance.now();
          const time = this.#memory.writableView(at, 8);
          time.setBigUint64(0, BigInt(Math.round(milliseconds * 1_000)) * 1_000n, true);
          return 0;
        },
        random_get: (at: number, length: number) => {
          this.#memory.write(at, crypto.getRandomValues(new Uint8Array(Math.min(length, 65_536))));
          return 0;
        },
        fd_write: () => badFile,
        fd_close: () => badFile,
        fd_fdstat_get: () => badFile,
        fd_seek: () => notSupported,
      },
    };
  }

  #evaluate(code: string, name: string): number {
    const source = Buffer.from(code);
    return this.#checked(this.#fn('qjs_eval')(this.#bytes(source), source.length, this.#bytes(Buffer.from(name)), 0));
  }

  #call(callee: number, args: number[]): number {
    const list = this.#bytes(new Uint8Array(new Uint32Array(args).buffer));
    return this.#checked(this.#fn('qjs_call')(callee, this.#fn('qjs_get_undefined')(), args.length, list));
  }

  #checked(value: number): number {
    if (this.#fn('qjs_is_exception')(value) !== 0) throw new Thrown(this.#fn('qjs_get_exception')());
    return value;
  }

  #string(text: string): number {
    const bytes = Buffer.from(text);
    return this.#fn('qjs_new_string')(this.#bytes(bytes), bytes.length);
  }

  #text(value: number, maxBytes: number): string | undefined {
    const lengthAt = this.#bytes(new Uint8Array(4));
    const at = this.#fn('qjs_get_string_len')(value, lengthAt);
    if (at === 0) throw new RangeError('No memory for the result');
    const length = this.#memory.view.getUint32(lengthAt, true);
    return length > maxBytes + 1 ? undefined : Buffer.from(this.#memory.bytes.buffer, at, length).toString('utf8');
  }

  /** Copies bytes into the interpreter, with a zero behind them. */
  #bytes(bytes: Uint8Array): number {
    const at = this.#fn('wasm_malloc')(bytes.length + 1) >>> 0;
    if (at === 0) throw new RangeError('No memory for the request');
    const part = this.#memory.writableBytes(at, bytes.length + 1);
    part.set(bytes);
    part[bytes.length] = 0;
    return at;
  }

  #fn(name: string): (...args: number[]) => number {
    const found = this.#exports[name];
    if (typeof found !== 'function') throw new Error(`The interpreter exports no ${name}`);
    return found;
  }
}
