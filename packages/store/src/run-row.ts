import type { Ending, JsonText, RunContext, TerminalStatus } from '@millrace/contracts';
import { terminalStatuses } from '@millrace/contracts';
import { fromColumn } from './column-text.js';

/** A run as Postgres knows it; `ending` is there exactly when the status is terminal. */
export type StoredRun = {
  context: RunContext;
  /** Version text of the workflow. */
  versionLabel: string;
  epoch: number;
  /** Values of the start form. */
  inputs: JsonText;
  triggeredFrom: string;
  createdFrom: string;
} & ({ status: 'accepted' | 'refused'; ending?: undefined } | { status: TerminalStatus; ending: Ending });

/** Columns of `sql/runs.ts`. */
export interface RunRow {
  context: string;
  version_label: string;
  epoch: number;
  status: string;
  inputs: string;
  outputs: string | null;
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

const isTerminal = (status: string): status is TerminalStatus =>
  (terminalStatuses as readonly string[]).includes(status);

/** How the run of a row ended; `undefined` while it has not, and for refused runs. */
export function endingOf(row: RunRow): Ending | undefined {
  if (!isTerminal(row.status)) return undefined;
  return {
    status: row.status,
    error: row.error === null ? null : fromColumn(row.error),
    outputs: row.outputs ?? '{}',
    elapsedSeconds: row.elapsed_seconds ?? 0,
    totalTokens: row.total_tokens,
    totalSteps: row.total_steps,
    exceptionsCount: row.exceptions_count,
    finishedAtMs: row.finished_at?.getTime() ?? 0,
    ...(row.error_code === null ? {} : { code: row.error_code }),
  };
}

export function parseRun(row: RunRow): StoredRun {
  const shared = {
    context: JSON.parse(row.context) as RunContext,
    versionLabel: row.version_label,
    epoch: row.epoch,
    inputs: row.inputs,
    triggeredFrom: row.triggered_from,
    createdFrom: row.created_from,
  };
  const ending = endingOf(row);
  if (ending) return { ...shared, status: ending.status, ending };
  return { ...shared, status: row.status === 'refused' ? 'refused' : 'accepted' };
}
