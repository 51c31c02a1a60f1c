import type { CodeLanguage, CodeResult } from '@millrace/contracts';
import type { Limits } from '../cage/result.js';

/** What the helper process is told first. */
export interface HelperSetup {
  limits: Record<CodeLanguage, Limits>;
  /** Most threads per language. */
  threads: Record<CodeLanguage, number>;
  spares: number;
  /** See `CodeRunnerOptions`. */
  checkEvery: number;
  /** Absolute paths. */
  pyodideDir: string;
  quickJsFile: string;
  wheels: readonly string[];
  snapshotFile: string | undefined;
}

export interface Run {
  id: number;
  language: CodeLanguage;
  code: string;
  inputs: string;
}

export type ToHelper =
  | { type: 'setup'; setup: HelperSetup }
  | { type: 'run'; run: Run }
  /** Nobody waits any longer: the run is cut off, no result follows. */
  | { type: 'cancel'; id: number };

export type FromHelper =
  | { type: 'ready' }
  | { type: 'result'; id: number; result: CodeResult }
  /** A snapshot was made anew; whoever may write files keeps it for the next start. */
  | { type: 'snapshot'; bytes: Uint8Array }
  | { type: 'trouble'; message: string };

export type ToThread = { code: string; inputs: string };

export type FromThread =
  | { type: 'ready' }
  /** `spent`: the interpreter has grown so much that the thread had better be replaced. Otherwise it is restored. */
  | { type: 'result'; result: CodeResult; spent: boolean };
