import type { CodeResult } from '@millrace/contracts';
import type { Interpreter } from '../cage/interpreter.js';
import { failed, type Limits, overLimit, returned } from '../cage/result.js';
import { RefusedCallError } from './imports.js';
import { PreparedCode } from './prepared-code.js';
import { Python, type PythonParts, type PythonSnapshot } from './python.js';
import { CageExit } from './system-calls.js';

/** Memory that a run may have added and that is still cheaper to clear than to give back. */
const keptGrowthBytes = 32 * 1024 * 1024;

const compiled = Buffer.from('C');

/** A Python interpreter that starts each run from `snapshot`. */
export function createPythonInterpreter(
  parts: Omit<PythonParts, 'maxMemoryBytes'>,
  snapshot: PythonSnapshot,
  limits: Limits,
): Interpreter {
  const python = new Python({ ...parts, maxMemoryBytes: limits.memoryBytes });
  python.load(snapshot);
  const restedBytes = python.memoryBytes;
  const known = new PreparedCode();

  const read = (result: string | undefined): CodeResult => {
    if (result === undefined) return overLimit('output', limits);
    if (result.startsWith('R')) return returned(result.slice(1), limits);
    const [, name = '', error = ''] = /^E?([^\n]*)\n?([^]*)$/.exec(result) ?? [];
    return isMemory(name, error) ? overLimit('memory', limits, error) : failed(error);
  };

  return {
    run(code, inputs) {
      try {
        let prepared = known.get(code);
        if (prepared === undefined) {
          const answer = python.prepare(code);
          if (!answer.subarray(0, 1).equals(compiled)) return read(answer.toString('utf8'));
          prepared = answer.subarray(1);
          known.keep(code, prepared);
        }
        return read(python.run(code, prepared, inputs, limits.outputBytes));
      } catch (error) {
        if (python.memoryRefused) return overLimit('memory', limits);
        return failed(crash(error));
      }
    },
    restore() {
      if (python.memoryBytes - restedBytes > keptGrowthBytes) return false;
      python.restore();
      return true;
    },
    firstDifference: () => python.firstDifference(),
  };
}

/** An object that not even an address fits is an overflow to Python, which has 32 bits here. */
const isMemory = (name: string, error: string): boolean =>
  name === 'MemoryError' ||
  (name === 'OverflowError' && error.endsWith("cannot fit 'int' into an index-sized integer"));

/** What ends an interpreter from inside, in words for users. */
function crash(error: unknown): string {
  if (error instanceof CageExit) return `The code ended the Python interpreter (exit code ${error.code})`;
  if (error instanceof RefusedCallError)
    return `The code called a function of the system that it may not use: ${error.message}`;
  if (error instanceof RangeError) return 'RecursionError: the code recursed too deeply';
  return 'The code crashed the Python interpreter';
}
