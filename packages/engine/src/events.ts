import type { Ending, NodeStatus, RunContext } from '@millrace/contracts';
import type { PlanNode } from '@millrace/graph';

/**
 * The public events as JSON text (service-api 4.2, 4.3). Users' values arrive as JSON text and are
 * joined in untouched, so a float stays a float on its way to the client.
 */
export const seconds = (ms: number): number => Math.floor(ms / 1000);

/** Text of an object from already written values. */
function object(fields: Record<string, string>): string {
  let all = '';
  for (const key in fields) all += `${all === '' ? '{' : ','}"${key}":${fields[key] ?? 'null'}`;
  return `${all}}`;
}

const text = JSON.stringify as (value: string | number | boolean | null) => string;

const envelope = (event: string, run: RunContext, data: string): string =>
  `{"event":"${event}","workflow_run_id":${text(run.runId)},"task_id":${text(run.taskId)},"trace_id":${text(run.traceId)},"data":${data}}`;

/** Everything of a `text_chunk` before its text. */
export const chunkPrefix = (run: RunContext): string => envelope('text_chunk', run, '{"text":').slice(0, -1);

export function workflowStarted(run: RunContext, inputs: string): string {
  const data = {
    id: text(run.runId),
    workflow_id: text(run.versionId),
    inputs,
    created_at: text(seconds(run.createdAtMs)),
  };
  return envelope('workflow_started', run, object({ ...data, reason: '"initial"' }));
}

/** One execution of a node, as events show it. */
export interface NodeExecution {
  run: RunContext;
  node: PlanNode;
  executionId: string;
  index: number;
  startedAtMs: number;
  predecessorId: string | null;
}

const identity = ({ node, executionId, index, predecessorId }: NodeExecution): Record<string, string> => ({
  id: text(executionId),
  node_id: text(node.id),
  node_type: text(node.type),
  title: text(node.title),
  index: text(index),
  predecessor_node_id: text(predecessorId),
});

export function nodeStarted(execution: NodeExecution, inputs: string): string {
  return envelope(
    'node_started',
    execution.run,
    object({
      ...identity(execution),
      inputs,
      inputs_truncated: 'false',
      created_at: text(seconds(execution.startedAtMs)),
      extras: '{}',
      iteration_id: 'null',
      loop_id: 'null',
      agent_strategy: 'null',
    }),
  );
}

export interface NodeOutcome {
  status: NodeStatus;
  /** JSON text. */
  inputs: string;
  processData: string;
  outputs: string;
  error: string | null;
  elapsedSeconds: number;
  /** JSON text, `null` when empty. */
  metadata: string;
  finishedAtMs: number;
}

const finishedFields = (execution: NodeExecution, outcome: NodeOutcome): Record<string, string> => ({
  ...identity(execution),
  inputs: outcome.inputs,
  inputs_truncated: 'false',
  process_data: outcome.processData,
  process_data_truncated: 'false',
  outputs: outcome.outputs,
  outputs_truncated: 'false',
  status: text(outcome.status),
  error: text(outcome.error),
  elapsed_time: text(outcome.elapsedSeconds),
  execution_metadata: outcome.metadata,
  created_at: text(seconds(execution.startedAtMs)),
  finished_at: text(seconds(outcome.finishedAtMs)),
  files: '[]',
  iteration_id: 'null',
  loop_id: 'null',
});

export const nodeFinished = (execution: NodeExecution, outcome: NodeOutcome): string =>
  envelope('node_finished', execution.run, object(finishedFields(execution, outcome)));

/** @param retryIndex number of the coming retry, from 1 */
export const nodeRetry = (execution: NodeExecution, outcome: NodeOutcome, retryIndex: number): string =>
  envelope(
    'node_retry',
    execution.run,
    object({ ...finishedFields(execution, { ...outcome, status: 'retry' }), retry_index: text(retryIndex) }),
  );

/** `data` of `workflow_finished` and of the blocking body share these (service-api 2.1, 4.3.10). */
export function workflowFinished(run: RunContext, ending: Ending): string {
  return envelope(
    'workflow_finished',
    run,
    object({
      id: text(run.runId),
      workflow_id: text(run.versionId),
      status: text(ending.status),
      outputs: ending.outputs,
      error: text(ending.error),
      elapsed_time: text(ending.elapsedSeconds),
      total_tokens: text(ending.totalTokens),
      total_steps: text(ending.totalSteps),
      created_by: object({ id: text(run.endUserId), user: text(run.user) }),
      created_at: text(seconds(run.createdAtMs)),
      finished_at: text(seconds(ending.finishedAtMs)),
      exceptions_count: text(ending.exceptionsCount),
      files: '[]',
    }),
  );
}

/** Sent directly before the terminal event when a model provider ended the run. */
export const errorEvent = (run: RunContext, code: string, status: number, message: string): string =>
  object({
    event: '"error"',
    workflow_run_id: text(run.runId),
    task_id: text(run.taskId),
    trace_id: text(run.traceId),
    code: text(code),
    status: text(status),
    message: text(message),
  });
