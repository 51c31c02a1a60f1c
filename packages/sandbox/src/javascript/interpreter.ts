import type { Interpreter } from '../cage/interpreter.js';
import { failed, type Limits, overLimit, returned } from '../cage/result.js';
import { QuickJs } from './quickjs.js';

/** Memory that a run may have added and that is still cheaper to clear than to give back. */
const keptGrowthBytes = 8 * 1024 * 1024;
/** What QuickJS says when its limit is met, or the length of the longest string. */
const outOfMemory = /^E(InternalError|RangeError): (out of memory|string too long)/;
/** And when there is not even memory for an error, or nobody made one. */
const silence = 'EUncaught null';
const noError = 'EUncaught [uninitialized]';

/** A JavaScript interpreter that starts each run from the state in which its context was made. */
export function createJavaScriptInterpreter(module: WebAssembly.Module, limits: Limits): Interpreter {
  const quickJs = new QuickJs(module);
  quickJs.boot(limits.memoryBytes);
  const restedBytes = quickJs.memoryBytes;

  return {
    run(code, inputs) {
      try {
        const result = quickJs.run(code, inputs, limits.outputBytes);
        if (result === undefined) return overLimit('output', limits);
        if (result.startsWith('R')) return returned(result.slice(1), limits);
        const full = quickJs.memoryBytes > limits.memoryBytes * 0.75;
        if ((full && result === silence) || result === noError) return overLimit('memory', limits);
        const error = userFrames(result.slice(1));
        return outOfMemory.test(result) ? overLimit('memory', limits, error) : failed(error);
      } catch (error) {
        if (error instanceof RangeError && /No memory/.test(error.message)) return overLimit('memory', limits);
        if (error instanceof RangeError) return failed('InternalError: the code recursed too deeply');
        return failed('The code crashed the JavaScript interpreter');
      }
    },
    restore() {
      if (quickJs.memoryBytes - restedBytes > keptGrowthBytes) return false;
      quickJs.restore();
      return true;
    },
    firstDifference: () => quickJs.firstDifference(),
  };
}

const userFrames = (error: string): string =>
  error
    .split('\n')
    .filter((line) => !/^\s+at .*(<cage>|\(native\))/.test(line))
    .join('\n')
    .trim();
