/**
 * The helper process: threads with interpreters, and nothing worth stealing. It is started with an empty environment and
 * without permission to write files or start processes, and ends when the process that started it is gone.
 */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CodeLanguage } from '@millrace/contracts';
import { limitMemory } from '../cage/module.js';
import { trackWrites } from '../cage/track-writes.js';
import type { PythonParts, PythonSnapshot } from '../python/python.js';
import { Pool, type PoolDeps } from './pool.js';
import type { FromHelper, HelperSetup, ToHelper } from './protocol.js';
import { decodeSnapshot, encodeSnapshot } from './snapshot-file.js';
import type { ThreadData } from './thread.js';

const say = (message: FromHelper): void => {
  process.send?.(message);
};

function startThread(data: ThreadData): Worker {
  return new Worker(new URL('./thread.js', import.meta.url), {
    workerData: data,
    env: {},
    stdin: false,
    // Of the thread's own heap, which holds texts on their way; interpreters' memory is limited by itself.
    resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16, stackSizeMb: 8 },
  });
}

/** One copy for all threads. */
function shared(file: string): Uint8Array {
  const content = readFileSync(file);
  const bytes = new Uint8Array(new SharedArrayBuffer(content.length));
  bytes.set(content);
  return bytes;
}

/** The module as the cage runs it. */
const caged = (file: string, memoryBytes: number): WebAssembly.Module =>
  new WebAssembly.Module(trackWrites(limitMemory(readFileSync(file), memoryBytes)));

function readSnapshot(file: string | undefined): PythonSnapshot | undefined {
  if (file === undefined) return undefined;
  try {
    return decodeSnapshot(readFileSync(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') say({ type: 'trouble', message: String(error) });
    return undefined;
  }
}

async function makeSnapshot(data: ThreadData): Promise<PythonSnapshot> {
  const thread = startThread(data);
  const snapshot = await new Promise<PythonSnapshot>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  await thread.terminate();
  say({ type: 'snapshot', bytes: encodeSnapshot(snapshot) });
  return snapshot;
}

async function start(setup: HelperSetup): Promise<Record<CodeLanguage, Pool>> {
  const { limits, spares, checkEvery } = setup;
  const common: Omit<PoolDeps, 'size' | 'startThread' | 'limits'> = {
    spares,
    onResult: (id, result) => say({ type: 'result', id, result }),
    onTrouble: (message) => say({ type: 'trouble', message }),
  };

  const quickJs = caged(setup.quickJsFile, limits.javascript.memoryBytes);
  const javascript = new Pool({
    ...common,
    size: setup.threads.javascript,
    limits: limits.javascript,
    startThread: () => startThread({ role: 'javascript', module: quickJs, limits: limits.javascript, checkEvery }),
  });

  const parts: Omit<PythonParts, 'maxMemoryBytes'> = {
    module: caged(join(setup.pyodideDir, 'pyodide.asm.wasm'), limits.python3.memoryBytes),
    libraries: new Map([
      ['/lib/python314.zip', shared(join(setup.pyodideDir, 'python_stdlib.zip'))],
      ...setup.wheels.map((file): [string, Uint8Array] => [`/lib/packages/${basename(file)}`, shared(file)]),
    ]),
  };
  const snapshot =
    readSnapshot(setup.snapshotFile) ?? (await makeSnapshot({ role: 'snapshot', parts, limits: limits.python3 }));
  const python3 = new Pool({
    ...common,
    size: setup.threads.python3,
    limits: limits.python3,
    startThread: () => startThread({ role: 'python3', parts, snapshot, limits: limits.python3, checkEvery }),
  });
  return { python3, javascript };
}

let pools: Record<CodeLanguage, Pool> | undefined;

async function hear(message: ToHelper): Promise<void> {
  switch (message.type) {
    case 'setup':
      pools = await start(message.setup);
      say({ type: 'ready' });
      return;
    case 'run':
      pools?.[message.run.language].run(message.run);
      return;
    case 'cancel':
      pools?.python3.cancel(message.id);
      pools?.javascript.cancel(message.id);
  }
}

// At once: an orderly exit would wait for threads that may be in endless loops, and there is nothing to put in order.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// A terminal's Ctrl-C reaches the whole group. The worker drains first, and runs go on until it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('message', (message: ToHelper) => {
  hear(message).catch((error: unknown) => {
    say({ type: 'trouble', message: `The helper could not start: ${String(error)}` });
    process.exit(1);
  });
});
