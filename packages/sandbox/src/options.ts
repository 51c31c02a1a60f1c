import type { CodeLanguage } from '@millrace/contracts';
import type { Limits } from './cage/result.js';

/** All memory is per interpreter. Numbers outside of the stated ranges are refused when the runner is made. */
export interface CodeRunnerOptions {
  /** Longest time that one run may take, from the call to its result, in ms. @default 15000 */
  timeLimitMs?: number;
  /**
   * Most memory that one interpreter may hold, its own included (Python 31 MiB, JavaScript 2 MiB), in bytes, at least 48 MiB.
   * @default 256 MiB for Python, 128 MiB for JavaScript
   */
  memoryLimitBytes?: Partial<Record<CodeLanguage, number>>;
  /** Longest result, as JSON text in UTF-8, in bytes. @default 10 MiB */
  outputLimitBytes?: number;
  /**
   * Runs of one language that go on at a time; more wait for their turn. `memoryLimitBytes` × (both numbers + spares) bounds what
   * the helper process may hold. @default 5 Python, 3 JavaScript
   */
  interpreters?: Partial<Record<CodeLanguage, number>>;
  /** Interpreters kept ready beyond that, per language, for when one has to be replaced. @default 1 */
  spares?: number;
  /** Folder where the snapshot of Python is kept between starts; without one each start makes it anew (3 s). */
  cacheDir?: string | undefined;
  /** Folder of pure-Python wheels (`*.whl`) that Python code may import. */
  packagesDir?: string | undefined;
  /**
   * After so many runs of an interpreter all of its memory is compared with its snapshot (2 ms), and the interpreter is ended with an
   * error when they differ. @default 256; tests look each time
   */
  checkEvery?: number;
  /** Told about crashes of the helper process and about a cache that cannot be used; runs are not affected or have failed. */
  onError?: (error: Error) => void;
  observer?: CodeObserver;
}

/** What happened to runs; called synchronously, so it must be cheap. */
export interface CodeObserver {
  /** `waitSeconds` until an interpreter was free, `seconds` of running. */
  runEnded(
    language: CodeLanguage,
    outcome: 'returned' | 'failed' | 'time' | 'memory' | 'output' | 'aborted',
    seconds: number,
    waitSeconds: number,
  ): void;
  helperStarted(): void;
}

export interface RunnerSettings {
  limits: Record<CodeLanguage, Limits>;
  interpreters: Record<CodeLanguage, number>;
  spares: number;
  cacheDir: string | undefined;
  packagesDir: string | undefined;
  checkEvery: number;
}

const mebibyte = 1_048_576;

/** @throws RangeError naming the option */
export function settingsOf(options: CodeRunnerOptions): RunnerSettings {
  const timeMs = checked('timeLimitMs', options.timeLimitMs ?? 15_000, 1, 3_600_000);
  const outputBytes = checked('outputLimitBytes', options.outputLimitBytes ?? 10 * mebibyte, 1_024, 256 * mebibyte);
  const limitsOf = (language: CodeLanguage, memoryBytes: number): Limits => ({
    ...{ timeMs, outputBytes },
    memoryBytes: checked(`memoryLimitBytes.${language}`, memoryBytes, 48 * mebibyte, 2_048 * mebibyte),
  });
  return {
    limits: {
      python3: limitsOf('python3', options.memoryLimitBytes?.python3 ?? 256 * mebibyte),
      javascript: limitsOf('javascript', options.memoryLimitBytes?.javascript ?? 128 * mebibyte),
    },
    interpreters: {
      python3: checked('interpreters.python3', options.interpreters?.python3 ?? 5, 1, 256),
      javascript: checked('interpreters.javascript', options.interpreters?.javascript ?? 3, 1, 256),
    },
    spares: checked('spares', options.spares ?? 1, 0, 64),
    cacheDir: options.cacheDir,
    packagesDir: options.packagesDir,
    checkEvery: checked('checkEvery', options.checkEvery ?? 256, 1, 1_000_000),
  };
}

function checked(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}`);
}
