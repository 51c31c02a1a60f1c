import type {
  BegunNode,
  Claim,
  EdgeTable,
  JsonText,
  NodeEvents,
  NodeJob,
  NodeQueue,
  NodeResult,
  ReadyNode,
  RunState,
  RunVariables,
  SettleRequest,
  StoredNodeMeta,
  ValueObject,
} from '@millrace/contracts';
import {
  edgeTable,
  exactJson,
  mayHoldFiles,
  publicJson,
  stringifyJson,
  type Plan,
  type PlanNode,
} from '@millrace/graph';
import { attemptSpanId, recordingSpan } from '@millrace/telemetry';
import { runLedger } from './contexts.js';
import { decideOutcome, type Outcome } from './decide-outcome.js';
import { nodeEvents, type NodeExecution } from './events.js';
import type { Finish } from './finish.js';
import type { FreshLinks } from './fresh-links.js';
import type { EngineObserver } from './ports.js';
import { streamedValues, tooMuchText } from './streamed-values.js';

/** A node to execute and what surrounds it. */
export interface Work {
  job: NodeJob;
  plan: Plan;
  node: PlanNode;
  execution: NodeExecution;
  variables: RunVariables;
  /** Its token fences the settlement. */
  claim: Claim;
  /** Absent when the node runs without having been claimed. */
  begun?: BegunNode;
}

export type ClaimedWork = Work & { begun: BegunNode };

export interface SettleDeps {
  state: RunState;
  queue: NodeQueue;
  finish: Finish;
  fresh: FreshLinks;
  observer?: EngineObserver;
}

/** Applies an attempt's result: state, successors in the queue, and the run's end when this was it. */
export async function settleNode(deps: SettleDeps, work: Work, result: NodeResult, elapsedMs: number): Promise<void> {
  const { job, plan, node, execution, begun } = work;
  const outcome = decideOutcome(node, result, job.attempt);
  const { values, outputs } = writeOutputs(deps, work, outcome);
  const streamed = values === null ? [] : streamedValues(plan, node, values);
  if (!streamed) return settleNode(deps, { ...work, node: withoutMercy(node) }, tooMuchText(), elapsedMs);
  const metadata = {
    ...result.metadata,
    ...(outcome.status === 'exception' ? { error_strategy: node.errorStrategy } : {}),
  };
  const finishedAtMs = Date.now();
  const event = {
    status: outcome.status,
    inputs: stringifyJson(result.inputs),
    processData: stringifyJson(result.processData),
    outputs: outputs === null ? 'null' : publicJson(outputs),
    error: outcome.error,
    elapsedSeconds: Math.round(elapsedMs * 1000) / 1e6,
    metadata: Object.keys(metadata).length === 0 ? 'null' : JSON.stringify(metadata),
    finishedAtMs,
  };
  const tokens = result.metadata.total_tokens ?? 0;
  const edges = outcome.outcome === 'done' ? edgeTable(plan, node.index, outcome.handle) : '';
  const order = { late: false };
  const request = {
    ...untouched(work),
    outcome: outcome.outcome,
    ...(outcome.outcome === 'failed' ? { error: outcome.error ?? '' } : {}),
    ...(outcome.code === undefined ? {} : { code: outcome.code }),
    outputs,
    edges,
    events: nodeEvents(execution, event, outcome.outcome === 'retry' ? job.attempt : undefined),
    ledger: JSON.stringify(nodeMeta(work, outcome, tokens, finishedAtMs)),
    runLedger: begun ? JSON.stringify(runLedger(execution.run)) : '',
    ...(begun ? {} : { unclaimedMs: Math.round(elapsedMs) }),
    tokens,
    exceptions: outcome.exceptions,
    isEnd: node.type === 'end',
    values: streamed,
    closes: node.streams.map(({ sel }) => sel),
    streamMoves: movesStream(plan, node, edges),
  };
  const settling = deps.state.settle(request, () => (order.late = true));
  // Sent in the same tick and hence applied after it, unless it is late. Should the settlement be refused, the job
  // finds a node that is not ready.
  const certain = edges === '' ? [] : certainlyReady(edges, node.index);
  const queueing = queueReady(deps.queue, job, certain, { delayMs: 0, late: false });
  const [settled] = await Promise.all([settling, queueing]);
  if (settled.kind === 'stale') return;
  const waitedMs = Math.max(0, finishedAtMs - elapsedMs - job.readyAtMs);
  deps.observer?.nodeSettled(node.type, outcome.status, elapsedMs / 1000, waitedMs / 1000, execution.run);
  const queued = order.late ? [] : certain;
  const others = settled.ready.filter(({ node: ready }) => !queued.some((each) => each.node === ready));
  const failed = outcome.outcome === 'retry' && recordingSpan() ? attemptSpanId(work.claim.token) : undefined;
  await queueReady(deps.queue, job, others, { delayMs: outcome.retryDelayMs, ...order }, failed);
  if (settled.decided) await deps.finish(settled.decided);
}

/** Neither retries nor an error strategy may repeat or hide what happened to it: the run fails. */
export const withoutMercy = (node: PlanNode): PlanNode => ({
  ...node,
  errorStrategy: 'none',
  retry: { maxRetries: 0, intervalMs: 0 },
});

/** Outputs and their text for later nodes; links to files are as young as the event that shows them. */
function writeOutputs(
  { fresh }: SettleDeps,
  { execution }: Work,
  { outputs: values }: Outcome,
): { values: ValueObject | null; outputs: JsonText | null } {
  if (values === null) return { values, outputs: null };
  const outputs = exactJson(values);
  if (!mayHoldFiles(outputs)) return { values, outputs };
  const linked = fresh(execution.run, values);
  return { values: linked, outputs: exactJson(linked) };
}

/** Targets of the taken edges of a node that wait for no other edge. */
function certainlyReady(edges: string, predecessor: number): ReadyNode[] {
  const { take } = JSON.parse(edges) as EdgeTable;
  return take.flatMap(([node, inDegree]) => (inDegree === 1 ? [{ frame: 0, node, attempt: 1, predecessor }] : []));
}

/**
 * Queues what a settlement made ready; deterministic ids make a repetition harmless.
 * @param formerSpanId span of the attempt that is to be repeated
 */
function queueReady(
  queue: NodeQueue,
  job: NodeJob,
  ready: ReadyNode[],
  options: { delayMs: number; late: boolean },
  formerSpanId?: string,
): Promise<void> {
  const readyAtMs = Date.now() + options.delayMs;
  return queue.add(
    ready.map((next) => ({ ...job, ...next, readyAtMs, formerSpanId, overdueToken: undefined })),
    options,
  );
}

export const noEvents: NodeEvents = { head: ['', ''], started: '', finished: '' };

/** A settlement that says nothing yet. */
export const untouched = ({ job, node, claim }: Work): Omit<SettleRequest, 'outcome'> => ({
  ...claim,
  nodeId: node.id,
  attempt: job.attempt,
  outputs: null,
  edges: '',
  events: noEvents,
  ledger: '',
  runLedger: '',
  tokens: 0,
  exceptions: 0,
  isEnd: false,
  values: [],
  closes: [],
  streamMoves: false,
});

/** A node moves the text stream when it feeds it, decides or skips branches, or is an End node itself. */
const movesStream = (plan: Plan, node: PlanNode, edges: string): boolean =>
  plan.stream.ends.length > 0 &&
  (node.streams.length > 0 ||
    (node.kind !== 'executable' && node.kind !== 'root') ||
    node.errorStrategy === 'fail-branch' ||
    !edges.includes('"skip":[]'));

function nodeMeta(
  { job, node, execution }: Work,
  { status, handle }: Outcome,
  tokens: number,
  finishedAtMs: number,
): StoredNodeMeta {
  const { executionId, startedAtMs } = execution;
  const place = { frame: job.frame, node: node.index, nodeId: node.id, nodeType: node.type, title: node.title };
  return { ...place, executionId, attempt: job.attempt, status, handle, tokens, startedAtMs, finishedAtMs };
}
