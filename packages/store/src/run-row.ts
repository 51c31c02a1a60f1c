import type { Ending, JsonText, RunContext, TerminalStatus } from '@millrace/contracts';
import { terminalStatuses } from '@millrace/contracts';
import { fromColumn } from './column-text.js';

interface RunFacts {
  context: RunContext;
  /** Version text of the workflow. */
  versionLabel: string;
  epoch: number;
  triggeredFrom: string;
  createdFrom: string;
}

/** `ending` is there exactly when the status is terminal. */
type Outcome<E> = { status: 'accepted' | 'refused'; ending?: undefined } | { status: TerminalStatus; ending: E };

type ListedEnding = Omit<Ending, 'outputs'>;

/** A run as lists know it, without its values. */
export type ListedRun = RunFacts & Outcome<ListedEnding>;

/** A run as Postgres knows it. */
export type StoredRun = RunFacts & {
  /** Values of the start form. */
  inputs: JsonText;
} & Outcome<Ending>;

/** Columns of `sql/runs.ts` that lists read. */
export interface ListedRow {
  context: string;
  version_label: string;
  epoch: number;
  status: string;
  error: string | null;
  error_code: string | null;
  elapsed_seconds: number | null;
  total_tokens: number;
  total_steps: number;
  exceptions_count: number;
  finished_at: Date | null;
  triggered_from: string;
  created_from: string;
}

/** All columns. */
export interface RunRow extends ListedRow {
  inputs: string;
  outputs: string | null;
}

const isTerminal = (status: string): status is TerminalStatus =>
  (terminalStatuses as readonly string[]).includes(status);

function listedEndingOf(row: ListedRow): ListedEnding | undefined {
  if (!isTerminal(row.status)) return undefined;
  return {
    status: row.status,
    error: row.error === null ? null : fromColumn(row.error),
    elapsedSeconds: row.elapsed_seconds ?? 0,
    totalTokens: row.total_tokens,
    totalSteps: row.total_steps,
    exceptionsCount: row.exceptions_count,
    finishedAtMs: row.finished_at?.getTime() ?? 0,
    ...(row.error_code === null ? {} : { code: row.error_code }),
  };
}

/** How the run of a row ended; `undefined` while it has not, and for refused runs. */
export function endingOf(row: RunRow): Ending | undefined {
  const ending = listedEndingOf(row);
  return ending && { ...ending, outputs: row.outputs ?? '{}' };
}

const factsOf = (row: ListedRow): RunFacts => ({
  context: JSON.parse(row.context) as RunContext,
  versionLabel: row.version_label,
  epoch: row.epoch,
  triggeredFrom: row.triggered_from,
  createdFrom: row.created_from,
});

const outcomeOf = <E extends ListedEnding>({ status }: ListedRow, ending: E | undefined): Outcome<E> =>
  ending ? { status: ending.status, ending } : { status: status === 'refused' ? 'refused' : 'accepted' };

export const parseListedRun = (row: ListedRow): ListedRun => ({
  ...factsOf(row),
  ...outcomeOf(row, listedEndingOf(row)),
});

export const parseRun = (row: RunRow): StoredRun => ({
  ...factsOf(row),
  inputs: row.inputs,
  ...outcomeOf(row, endingOf(row)),
});
