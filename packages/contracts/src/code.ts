import type { JsonText } from './json.js';

/** As `code_language` of a code node says (dsl 4.11). */
export type CodeLanguage = 'python3' | 'javascript';

/** One run of a user's code. */
export interface CodeRequest {
  /** Two tenants never meet in one interpreter. */
  tenantId: string;
  language: CodeLanguage;
  /** Source text that defines `main`. */
  code: string;
  /** JSON object with the variables: keyword arguments of a Python `main`, the one argument of a JavaScript `main`. */
  inputs: JsonText;
  /** Aborted when the node is no longer wanted: the code is cut off. */
  signal: AbortSignal;
  /** Called when an interpreter is free and the code is about to run. */
  onBegin?: (() => void) | undefined;
}

/** A limit that user code ran into; the error text names it (`time limit`, `memory limit`, `output limit`). */
export type CodeLimit = 'time' | 'memory' | 'output';

export type CodeResult =
  /** What `main` returned, as JSON text: integers and floats apart, tuples as lists, keys as strings. */
  | { status: 'returned'; value: JsonText }
  /** The code raised, ran into a limit, or returned what JSON cannot hold. `error` is fit for users and names the line of their code. */
  | { status: 'failed'; error: string; limit?: CodeLimit };

/** Port to the cage for users' code: no files, no network, no environment, bounded in time and memory (design 8). */
export interface CodeRunner {
  /** Rejects with the signal's reason when aborted; everything that the code does is a result. */
  run(request: CodeRequest): Promise<CodeResult>;
}
