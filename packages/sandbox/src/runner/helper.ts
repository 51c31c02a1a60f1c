import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { getPriority, setPriority } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CodeResult } from '@millrace/contracts';
import { failed } from '../cage/result.js';
import type { FromHelper, HelperSetup, Run, ToHelper } from '../helper/protocol.js';
import type { RunnerSettings } from '../options.js';
import { keepSnapshot, listWheels, snapshotFile } from './snapshot-cache.js';

export interface HelperDeps {
  settings: RunnerSettings;
  onError: (error: Error) => void;
  onStarted: () => void;
}

interface Pending {
  run: Run;
  /** How often a helper process died with it. Whoever was there once is a suspect. */
  deaths: number;
  /** Whether the present helper process has it. */
  sent: boolean;
  finish: (result: CodeResult) => void;
}

const here = dirname(fileURLToPath(import.meta.url));
const packageDir = resolve(here, '../..');
const require = createRequire(import.meta.url);
const restartMs = { least: 100, most: 10_000 };
/** Starts in a row that may fail before runs are answered with a failure instead of waiting. */
const patience = 3;

/**
 * The helper process, from outside.
 *
 * H1: every run gets exactly one result. If the helper dies, the runs in it are repeated once in the next one, one at a time, so
 *     that who killed it is alone when it does so again, and fails.
 * H2: the helper has no environment, may read only its own program and libraries, and may write nothing.
 * H3: a helper that dies is replaced, after a pause that doubles until a run has succeeded.
 */
export class Helper {
  readonly #deps: HelperDeps;
  readonly #pending = new Map<number, Pending>();
  #process: ChildProcess | undefined;
  #ready = false;
  #closed = false;
  #failures = 0;
  #restart: NodeJS.Timeout | undefined;
  #lastId = 0;
  #onReady: (() => void)[] = [];

  constructor(deps: HelperDeps) {
    this.#deps = deps;
  }

  /** Starts the process if there is none. Resolves when it can run code, or has been found not to start. */
  async start(): Promise<void> {
    if (this.#ready || this.#closed) return;
    const ready = new Promise<void>((resolve) => this.#onReady.push(resolve));
    if (this.#process === undefined && this.#restart === undefined) this.#spawn();
    await ready;
  }

  /** @returns the run's id, to cancel it, and its result */
  run(work: Omit<Run, 'id'>): { id: number; result: Promise<CodeResult> } {
    const id = ++this.#lastId;
    const result = new Promise<CodeResult>((finish) => {
      const pending: Pending = { run: { id, ...work }, deaths: 0, sent: false, finish };
      this.#pending.set(id, pending);
      if (this.#ready) this.#send(pending);
      else if (this.#closed || this.#failures >= patience) this.#finish(id, unavailable);
      else void this.start();
    });
    return { id, result };
  }

  cancel(id: number): void {
    if (this.#pending.delete(id) && this.#ready) this.#tell({ type: 'cancel', id });
    this.#sendSuspect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    for (const id of [...this.#pending.keys()]) this.#finish(id, unavailable);
    for (const resolve of this.#onReady.splice(0)) resolve();
    const process = this.#process;
    if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGKILL');
    await gone;
  }

  #spawn(): void {
    this.#restart = undefined;
    let setup: HelperSetup;
    try {
      setup = createSetup(this.#deps.settings);
    } catch (error) {
      this.#died(`The code runner cannot start: ${String(error)}`);
      return;
    }
    const helper = spawn(process.execPath, [...flags(setup), resolve(here, '../helper/main.js')], {
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#process = helper;
    let lastWords = '';
    helper.stderr?.on('data', (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString()).slice(-2_000);
    });
    helper.on('message', (message: FromHelper) => this.#hear(message, setup));
    helper.on('error', (error) => this.#died(`The code runner's process failed: ${error.message}`, helper));
    helper.on('exit', (code, signal) => {
      this.#died(
        `The code runner's process ended (${signal ?? `exit code ${code ?? '?'}`}) ${lastWords}`.trim(),
        helper,
      );
    });
    helper.once('spawn', () => this.#makeHumble(helper.pid ?? 0));
    this.#tell({ type: 'setup', setup });
  }

  /** Users' code yields to the worker, and goes first when memory runs out. Neither is essential. */
  #makeHumble(pid: number): void {
    try {
      // Somebody who is less than root may only give way.
      setPriority(pid, Math.max(5, getPriority()));
    } catch (error) {
      this.#deps.onError(error as Error);
    }
    if (process.platform === 'linux')
      writeFile(`/proc/${pid}/oom_score_adj`, '500').catch((error: unknown) => this.#deps.onError(error as Error));
  }

  #hear(message: FromHelper, setup: HelperSetup): void {
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#deps.onStarted();
        for (const resolve of this.#onReady.splice(0)) resolve();
        for (const pending of this.#pending.values()) if (pending.deaths === 0) this.#send(pending);
        this.#sendSuspect();
        return;
      case 'result':
        this.#failures = 0;
        this.#finish(message.id, message.result);
        return;
      case 'snapshot':
        this.#keep(setup.snapshotFile, message.bytes);
        return;
      case 'trouble':
        this.#deps.onError(new Error(message.message));
    }
  }

  #keep(file: string | undefined, bytes: Uint8Array): void {
    if (file === undefined) return;
    try {
      keepSnapshot(file, bytes);
    } catch (error) {
      this.#deps.onError(new Error('The snapshot of Python cannot be kept', { cause: error }));
    }
  }

  #finish(id: number, result: CodeResult): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.finish(result);
    this.#sendSuspect();
  }

  #send(pending: Pending): void {
    pending.sent = true;
    this.#tell({ type: 'run', run: pending.run });
  }

  #sendSuspect(): void {
    if (!this.#ready) return;
    const suspects = [...this.#pending.values()].filter(({ deaths }) => deaths > 0);
    const next = suspects[0];
    if (next !== undefined && !suspects.some(({ sent }) => sent)) this.#send(next);
  }

  #died(message: string, helper?: ChildProcess): void {
    if (helper !== this.#process || this.#closed) return;
    this.#process = undefined;
    this.#ready = false;
    this.#failures++;
    this.#deps.onError(new Error(message));
    for (const [id, pending] of [...this.#pending]) {
      if (pending.sent) pending.deaths++;
      pending.sent = false;
      if (pending.deaths > 1) this.#finish(id, failed('The code crashed its interpreter'));
      else if (this.#failures >= patience) this.#finish(id, unavailable);
    }
    if (this.#failures >= patience) for (const resolve of this.#onReady.splice(0)) resolve();
    const delay = Math.min(restartMs.most, restartMs.least * 2 ** this.#failures);
    this.#restart = setTimeout(() => this.#spawn(), delay);
    this.#restart.unref();
  }

  #tell(message: ToHelper): void {
    // A process that is going away is heard of by its exit.
    this.#process?.send(message, () => undefined);
  }
}

const unavailable = failed('The code cannot run now: the code runner of this worker is not available');

function createSetup(settings: RunnerSettings): HelperSetup {
  const { limits, interpreters, spares, cacheDir, packagesDir, checkEvery } = settings;
  const pyodideDir = dirname(require.resolve('pyodide/package.json'));
  const wheels = packagesDir === undefined ? [] : listWheels(resolve(packagesDir));
  const python = ['pyodide.asm.wasm', 'python_stdlib.zip'].map((name) => resolve(pyodideDir, name));
  return {
    limits,
    threads: { python3: interpreters.python3 + spares, javascript: interpreters.javascript + spares },
    spares,
    checkEvery,
    pyodideDir,
    quickJsFile: require.resolve('quickjs-wasi/quickjs.wasm'),
    wheels,
    snapshotFile: cacheDir === undefined ? undefined : snapshotFile(resolve(cacheDir), [...python, ...wheels]),
  };
}

/** What the helper may do: read its program and its libraries, start threads. No code from strings, no native addons. */
function flags(setup: HelperSetup): string[] {
  const readable = [packageDir, setup.pyodideDir, setup.quickJsFile, ...setup.wheels];
  if (setup.snapshotFile !== undefined) readable.push(setup.snapshotFile);
  return [
    ...['--permission', '--allow-worker', ...readable.map((path) => `--allow-fs-read=${path}`)],
    ...['--disallow-code-generation-from-strings', '--no-addons', '--no-warnings'],
  ];
}
