/** A thread of the helper process: one interpreter, which runs what it is sent, one run after another. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Interpreter } from '../cage/interpreter.js';
import type { Limits } from '../cage/result.js';
import { createJavaScriptInterpreter } from '../javascript/interpreter.js';
import { createPythonInterpreter } from '../python/interpreter.js';
import { Python, type PythonParts, type PythonSnapshot } from '../python/python.js';
import type { FromThread, ToThread } from './protocol.js';

type PythonLibraries = Omit<PythonParts, 'maxMemoryBytes'>;

export type ThreadData =
  | { role: 'python3'; parts: PythonLibraries; snapshot: PythonSnapshot; limits: Limits; checkEvery: number }
  | { role: 'javascript'; module: WebAssembly.Module; limits: Limits; checkEvery: number }
  /** Starts Python once, to make the snapshot; never sees users' code. */
  | { role: 'snapshot'; parts: PythonLibraries; limits: Limits };

const port = parentPort;
if (port === null) throw new Error('Not a thread');
const data = workerData as ThreadData;

if (data.role === 'snapshot') {
  port.postMessage(new Python({ ...data.parts, maxMemoryBytes: data.limits.memoryBytes }).boot());
} else {
  serve(
    data.role === 'python3'
      ? createPythonInterpreter(data.parts, data.snapshot, data.limits)
      : createJavaScriptInterpreter(data.module, data.limits),
    data.checkEvery,
  );
}

/** No code in an interpreter can reach JavaScript's globals; were there a way, these would not be there. */
function strip(): void {
  const names = [
    'fetch',
    'WebSocket',
    'EventSource',
    'Request',
    'Response',
    'Headers',
    'FormData',
    'navigator',
    'process',
  ];
  for (const name of names) Reflect.deleteProperty(globalThis, name);
}

function check(interpreter: Interpreter): void {
  const address = interpreter.firstDifference();
  if (address !== undefined) throw new Error(`A run left something at address ${address}`);
}

function serve(interpreter: Interpreter, checkEvery: number): void {
  const say = (message: FromThread): void => {
    port?.postMessage(message);
  };
  let restores = 0;
  port?.on('message', ({ code, inputs }: ToThread) => {
    const result = interpreter.run(code, inputs);
    // Before the answer, which then says that this thread is free: waking the other side costs as much as restoring.
    const restored = interpreter.restore();
    if (restored && ++restores % checkEvery === 0) check(interpreter);
    say({ type: 'result', result, spent: !restored });
  });
  strip();
  say({ type: 'ready' });
}
