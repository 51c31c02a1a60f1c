import { Restorer, type Snapshot, takeSnapshot } from '../cage/restorable.js';
import { TrackedMemory } from '../cage/tracked-memory.js';
import { CageFiles } from './files.js';
import { createImports } from './imports.js';
import { prelude } from './prelude.js';
import { installTrampoline } from './trampoline.js';
import { zoneFile } from './zones.js';

/** What a CPython is made of, the same for all threads of a helper. */
export interface PythonParts {
  module: WebAssembly.Module;
  /** The standard library and the operator's packages: zip files by absolute path in the cage, in the order of import. */
  libraries: ReadonlyMap<string, Uint8Array>;
  maxMemoryBytes: number;
}

export interface PythonSnapshot extends Snapshot {
  /** Addresses of the prelude's functions. */
  prepare: number;
  run: number;
  /** The C stack lies between these addresses; the interpreter keeps them outside of its memory. */
  stackBase: number;
  stackEnd: number;
}

const maxScratchBytes = 16 * 1024 * 1024;
const environment = ['HOME=/tmp', 'LANG=C.UTF-8', 'PATH=', 'TZ=UTC', 'TMPDIR=/tmp'];

type Exports = Record<string, (...args: number[]) => number>;

/** One CPython in WebAssembly, on a host of our own: the bridge that Pyodide has to JavaScript is never started. */
export class Python {
  readonly #memory: TrackedMemory;
  readonly #stackPointer: WebAssembly.Global<'i32'>;
  readonly #call: Exports;
  readonly #addresses: Record<string, WebAssembly.Global<'i32'> | undefined>;
  readonly #files: CageFiles;
  readonly #trampoline: number;
  readonly #importPaths: readonly string[];
  #start: { snapshot: PythonSnapshot; restorer: Restorer } | undefined;
  /** Whether the run now going on asked for more memory than it may have. */
  memoryRefused = false;

  constructor(parts: PythonParts) {
    this.#files = new CageFiles({ files: parts.libraries, makeFile: zoneFile, maxScratchBytes });
    this.#importPaths = [...parts.libraries.keys()];
    const imports = createImports(parts.module, {
      memory: () => this.#memory,
      files: this.#files,
      environment,
      maxMemoryBytes: parts.maxMemoryBytes,
      onMemoryRefused: () => {
        this.memoryRefused = true;
      },
    });
    const { exports } = new WebAssembly.Instance(parts.module, imports);
    this.#memory = new TrackedMemory(exports);
    this.#stackPointer = exports['__stack_pointer'] as WebAssembly.Global<'i32'>;
    this.#call = exports as Exports;
    this.#addresses = exports as Record<string, WebAssembly.Global<'i32'> | undefined>;
    this.#trampoline = installTrampoline(exports);
  }

  get memoryBytes(): number {
    return this.#memory.byteLength;
  }

  /** Starts Python from nothing (seconds) and returns the state that every run starts from. */
  boot(): PythonSnapshot {
    this.#fn('__wasm_call_ctors')();
    const trampolineOffset = this.#memory.view.getInt32(this.#address('_PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET'), true);
    this.#memory.writableView(this.#address('_PyRuntime') + trampolineOffset, 4).setInt32(0, this.#trampoline, true);
    this.#initialize();
    if (this.#fn('PyRun_SimpleString')(this.#cString(prelude)) !== 0) throw new Error('The Python prelude failed');
    const main = this.#fn('PyModule_GetDict')(this.#fn('PyImport_AddModule')(this.#cString('_cage')));
    const [prepare, run] = ['prepare', 'run'].map((name) => {
      const found = this.#fn('PyDict_GetItemString')(main, this.#cString(name));
      if (found === 0) throw new Error(`The Python prelude defines no ${name}`);
      return found;
    }) as [number, number];
    const stackBase = this.#fn('emscripten_stack_get_base')();
    const stackEnd = this.#fn('emscripten_stack_get_end')();
    return { ...takeSnapshot(this.#memory, this.#stackPointer), prepare, run, stackBase, stackEnd };
  }

  /** Takes the snapshot that runs start from. */
  load(snapshot: PythonSnapshot): void {
    const missing = snapshot.bytes.length - this.memoryBytes;
    if (missing > 0) this.#memory.grow(missing);
    const restorer = new Restorer(snapshot);
    restorer.load(this.#memory, this.#stackPointer);
    this.#start = { snapshot, restorer };
    this.restore();
  }

  /** Where the memory is not what it was at `load`, or undefined; for checks. */
  firstDifference(): number | undefined {
    return this.#loaded().restorer.firstDifference(this.#memory);
  }

  /** Forgets everything since `load`. */
  restore(): void {
    const { snapshot, restorer } = this.#loaded();
    restorer.restore(this.#memory, this.#stackPointer);
    this.#fn('emscripten_stack_set_limits')(snapshot.stackBase, snapshot.stackEnd);
    this.#files.reset();
    this.memoryRefused = false;
  }

  /**
   * Compiles `code` and returns an answer of the prelude: `C` and the form that `run` takes, or an error. Nothing of the code runs.
   * Throws when the interpreter itself broke. It must be restored afterwards, but may run this code before.
   */
  prepare(code: string): Buffer {
    return Buffer.from(this.#answer(this.#loaded().snapshot.prepare, [Buffer.from(code)]));
  }

  /**
   * Runs prepared code and returns the prelude's answer, or undefined when that is longer than `maxOutputBytes`.
   * Throws when the interpreter itself broke. It must be restored afterwards, whatever happened.
   */
  run(code: string, prepared: Uint8Array, inputs: string, maxOutputBytes: number): string | undefined {
    const source = Buffer.from(code);
    const lengths = [source, prepared].map(({ length }) => String(length).padStart(10, '0')).join('');
    const parts = [Buffer.from(lengths), source, prepared, Buffer.from(inputs)];
    const answer = this.#answer(this.#loaded().snapshot.run, parts);
    return answer.length > maxOutputBytes + 1 ? undefined : answer.toString('utf8');
  }

  /** Calls a function of the prelude with some bytes; what it returns lies in the interpreter's memory. */
  #answer(entry: number, parts: readonly Uint8Array[]): Buffer {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const request = this.#fn('PyBytes_FromStringAndSize')(0, length);
    if (request === 0) throw new RangeError('No memory for the request');
    let at = this.#fn('PyBytes_AsString')(request);
    for (const part of parts) {
      this.#memory.write(at, part);
      at += part.length;
    }
    const result = this.#fn('PyObject_CallOneArg')(entry, request);
    if (result === 0) throw new Error('The Python prelude raised');
    const start = this.#fn('PyBytes_AsString')(result);
    return Buffer.from(this.#memory.bytes.buffer, start, this.#fn('PyBytes_Size')(result));
  }

  #loaded(): { snapshot: PythonSnapshot; restorer: Restorer } {
    if (this.#start === undefined) throw new Error('No snapshot is loaded');
    return this.#start;
  }

  #initialize(): void {
    const config = this.#fn('PyInitConfig_Create')();
    const setInteger = this.#fn('PyInitConfig_SetInt') as unknown as (...args: [number, number, bigint]) => number;
    for (const [name, value] of Object.entries(settings)) setInteger(config, this.#cString(name), BigInt(value));
    for (const name of ['home', 'prefix', 'exec_prefix', 'base_prefix', 'base_exec_prefix'])
      this.#fn('PyInitConfig_SetStr')(config, this.#cString(name), this.#cString('/'));
    const paths = this.#importPaths.map((path) => this.#cString(path));
    const list = this.#allocate(new Uint8Array(new Uint32Array(paths).buffer));
    this.#fn('PyInitConfig_SetStrList')(config, this.#cString('module_search_paths'), paths.length, list);
    if (this.#fn('Py_InitializeFromInitConfig')(config) !== 0) {
      const message = this.#allocate(new Uint8Array(4));
      this.#fn('PyInitConfig_GetError')(config, message);
      throw new Error(`Python did not start: ${this.#textAt(this.#memory.view.getUint32(message, true))}`);
    }
  }

  #fn(name: string): (...args: number[]) => number {
    const found = this.#call[name];
    if (typeof found !== 'function') throw new Error(`The interpreter exports no ${name}`);
    return found;
  }

  #address(name: string): number {
    const found = this.#addresses[name];
    if (found === undefined) throw new Error(`The interpreter exports no ${name}`);
    return found.value;
  }

  #allocate(bytes: Uint8Array): number {
    const at = this.#fn('malloc')(bytes.length) >>> 0;
    if (at === 0) throw new RangeError('No memory for the request');
    this.#memory.write(at, bytes);
    return at;
  }

  #cString(text: string): number {
    return this.#allocate(Buffer.from(`${text}\0`));
  }

  #textAt(pointer: number): string {
    const { bytes } = this.#memory;
    return Buffer.from(bytes.slice(pointer, bytes.indexOf(0, pointer))).toString('utf8');
  }
}

/** Of `PyInitConfig`: an isolated interpreter that reads no environment and writes nothing. */
const settings = {
  isolated: 1,
  use_environment: 0,
  user_site_directory: 0,
  site_import: 1,
  write_bytecode: 0,
  install_signal_handlers: 0,
  parse_argv: 0,
  use_hash_seed: 1,
  hash_seed: 0,
  utf8_mode: 1,
  pathconfig_warnings: 0,
};
