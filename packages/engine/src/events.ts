import type { Ending, JsonText, NodeEvents, NodeStatus, RunContext, ValueObject } from '@millrace/contracts';
import { filesAmong, floatValue, mayHoldFiles, parseJson, stringifyJson, type PlanNode } from '@millrace/graph';

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

/** A time in seconds is a float, also when it is whole. */
const float = (value: number): string => stringifyJson(floatValue(value));

/** What follows an event's name, up to its data. */
const envelope = (run: RunContext): string =>
  `,"workflow_run_id":"${run.runId}","task_id":"${run.taskId}","trace_id":${text(run.traceId)},"data":`;

const event = (name: string, run: RunContext, data: string): string => `{"event":"${name}"${envelope(run)}${data}}`;

/** Everything of a `text_chunk` before its text. */
export const chunkPrefix = (run: RunContext): string => event('text_chunk', run, '{"text":').slice(0, -1);

/** Model's thoughts, apart from the ordered text (service-api 4.3.8). */
export const reasoningChunk = (run: RunContext, nodeId: string, reasoning: string, isFinal: boolean): string =>
  event(
    'reasoning_chunk',
    run,
    object({ message_id: 'null', reasoning: text(reasoning), node_id: text(nodeId), is_final: text(isFinal) }),
  );

export function workflowStarted(run: RunContext, inputs: string): string {
  const data = {
    id: text(run.runId),
    workflow_id: text(run.versionId),
    inputs,
    created_at: text(seconds(run.createdAtMs)),
  };
  return event('workflow_started', run, object({ ...data, reason: '"initial"' }));
}

/** One execution of a node, as events show it. */
export interface NodeExecution {
  run: RunContext;
  node: PlanNode;
  executionId: string;
  startedAtMs: number;
  predecessorId: string | null;
}

/** Head of a node's events (`NodeEvents` of the state port): what both say, around the node's index. */
function head({ run, node, executionId, predecessorId }: NodeExecution, inputs: string): [string, string] {
  return [
    `${envelope(run)}{"id":"${executionId}",${identityOf(node)},"index":`,
    `,"predecessor_node_id":${text(predecessorId)},"inputs":${inputs},"inputs_truncated":false`,
  ];
}

const identities = new WeakMap<PlanNode, string>();

function identityOf(node: PlanNode): string {
  let identity = identities.get(node);
  if (identity === undefined) {
    identity = `"node_id":${text(node.id)},"node_type":${text(node.type)},"title":${text(node.title)}`;
    identities.set(node, identity);
  }
  return identity;
}

const startedRest = ({ startedAtMs }: NodeExecution): string =>
  `,"created_at":${seconds(startedAtMs)},"extras":{},"iteration_id":null,"loop_id":null,"agent_strategy":null}}`;

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

/** File objects among top-level outputs, as JSON text. */
const filesIn = (outputs: JsonText): JsonText =>
  mayHoldFiles(outputs) ? stringifyJson(filesAmong(parseJson(outputs) as ValueObject)) : '[]';

/** @param more further fields, `,"name":value` */
const finishedRest = ({ startedAtMs }: NodeExecution, outcome: NodeOutcome, more = ''): string =>
  `,"process_data":${outcome.processData},"process_data_truncated":false` +
  `,"outputs":${outcome.outputs},"outputs_truncated":false,"status":"${outcome.status}","error":${text(outcome.error)}` +
  `,"elapsed_time":${float(outcome.elapsedSeconds)},"execution_metadata":${outcome.metadata}` +
  `,"created_at":${seconds(startedAtMs)},"finished_at":${seconds(outcome.finishedAtMs)}` +
  `,"files":${filesIn(outcome.outputs)},"iteration_id":null,"loop_id":null${more}}}`;

/**
 * Both events of a node that has come to a result.
 * @param retryIndex number of the coming retry, from 1, when there is one: `finished` then belongs to `node_retry`
 */
export const nodeEvents = (execution: NodeExecution, outcome: NodeOutcome, retryIndex?: number): NodeEvents => ({
  ...startedEvent(execution, outcome.inputs),
  finished: retryIndex === undefined ? finishedRest(execution, outcome) : retryRest(execution, outcome, retryIndex),
});

const retryRest = (execution: NodeExecution, outcome: NodeOutcome, retryIndex: number): string =>
  finishedRest(execution, { ...outcome, status: 'retry' }, `,"retry_index":${retryIndex}`);

const named = (name: string, execution: NodeExecution, index: number, inputs: string, rest: string): string =>
  `{"event":"${name}"${head(execution, inputs).join(String(index))}${rest}`;

/** `node_started` of a node that has no number yet. */
export const startedEvent = (execution: NodeExecution, inputs: string): Pick<NodeEvents, 'head' | 'started'> => ({
  head: head(execution, inputs),
  started: startedRest(execution),
});

export const nodeStarted = (execution: NodeExecution, index: number, inputs: string): string =>
  named('node_started', execution, index, inputs, startedRest(execution));

export const nodeFinished = (execution: NodeExecution, index: number, outcome: NodeOutcome): string =>
  named('node_finished', execution, index, outcome.inputs, finishedRest(execution, outcome));

/** @param retryIndex number of the coming retry, from 1 */
export const nodeRetry = (execution: NodeExecution, index: number, outcome: NodeOutcome, retryIndex: number): string =>
  named('node_retry', execution, index, outcome.inputs, retryRest(execution, outcome, retryIndex));

/** `data` of `workflow_finished` and of the blocking body share these (service-api 2.1, 4.3.10). */
export function workflowFinished(run: RunContext, ending: Ending): string {
  return event(
    'workflow_finished',
    run,
    object({
      id: text(run.runId),
      workflow_id: text(run.versionId),
      status: text(ending.status),
      outputs: ending.outputs,
      error: text(ending.error),
      elapsed_time: float(ending.elapsedSeconds),
      total_tokens: text(ending.totalTokens),
      total_steps: text(ending.totalSteps),
      created_by: object({ id: text(run.endUserId), user: text(run.user) }),
      created_at: text(seconds(run.createdAtMs)),
      finished_at: text(seconds(ending.finishedAtMs)),
      exceptions_count: text(ending.exceptionsCount),
      files: filesIn(ending.outputs),
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
