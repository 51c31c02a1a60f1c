import type { ValueObject } from '@millrace/contracts';
import { systemVariables } from '@millrace/engine';
import { objectOf, parseJson } from '@millrace/graph';
import type { ListedRun, StoredRun } from '@millrace/store';
import { creatorOf } from '../service-api/present-run.js';

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** What of a run Dify does not tell in this place. */
const ours = ({ context }: ListedRun) => ({
  app_id: context.appId,
  workflow_id: context.versionId,
  task_id: context.taskId,
  trace_id: context.traceId,
  otel_trace_id: context.trace.traceparent?.split('-')[1] ?? null,
});

const counts = ({ context, ending, versionLabel }: ListedRun) => ({
  id: context.runId,
  version: versionLabel,
  status: ending?.status ?? 'running',
  error: ending?.error ?? null,
  elapsed_time: ending?.elapsedSeconds ?? 0,
  total_tokens: ending?.totalTokens ?? 0,
  total_steps: ending?.totalSteps ?? 0,
  exceptions_count: ending?.exceptionsCount ?? 0,
  created_at: seconds(context.createdAtMs),
  finished_at: ending ? seconds(ending.finishedAtMs) : null,
});

/** A row of `workflow-runs`. */
export const presentRunRow = (run: ListedRun, appName: string | null) => ({
  ...counts(run),
  triggered_from: run.triggeredFrom,
  ...creatorOf(run.context),
  ...ours(run),
  app_name: appName,
});

/** The detail of a run; inputs with the system's variables, as Dify shows them. */
export function presentRunDetail(run: StoredRun): ValueObject {
  const system = Object.entries(systemVariables(run.context)).map(([key, value]) => [`sys.${key}`, value] as const);
  return {
    ...counts(run),
    inputs: objectOf([...Object.entries(parseJson(run.inputs) as ValueObject), ...system]),
    outputs: parseJson(run.ending?.outputs ?? '{}'),
    created_at_ms: run.context.createdAtMs,
    ...creatorOf(run.context),
    ...ours(run),
  };
}
