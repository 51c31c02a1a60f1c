import type { ScenarioName } from '../scenarios.js';

/** What the load process is asked to do, once: warm up, wait for the word, load, report. */
export interface LoadPlan {
  url: string;
  headers: Record<string, string>;
  scenario: ScenarioName;
  inFlight: number;
  warmupSeconds: number;
  seconds: number;
}

export interface LoadResult {
  runs: number;
  /** From the first request of the window to the last answer, ms. */
  elapsedMs: number;
  /** Per answer, ms; for `stream` from request to terminal event. */
  latenciesMs: number[];
  /** `stream` only: request to first text, ms. */
  firstTextMs: number[];
  /** Answers that were not as expected, with the first few of them. */
  wrong: number;
  examples: string[];
}

/** Messages between the bench and its load process. */
export type LoadMessage = { type: 'warm' } | { type: 'go' } | { type: 'result'; result: LoadResult };
