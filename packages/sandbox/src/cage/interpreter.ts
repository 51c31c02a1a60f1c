import type { CodeResult } from '@millrace/contracts';

/** One interpreter in one thread: it runs one piece of code at a time, each from the state of its snapshot. */
export interface Interpreter {
  /** Never throws: whatever code does is a result. */
  run(code: string, inputs: string): CodeResult;
  /** Forgets everything that the last run did. Returns false when it has grown so much that a new thread is cheaper. */
  restore(): boolean;
  /** The first address at which memory is not as it was before the run, or undefined; looks at all of it. */
  firstDifference(): number | undefined;
}
