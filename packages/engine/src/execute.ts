import {
  newId,
  type BegunNode,
  type Claim,
  type NodeExecutor,
  type NodeJob,
  type NodeQueue,
  type NodeResult,
  type RunState,
  type ValueObject,
} from '@millrace/contracts';
import { parseJson, stringifyJson, type Plan, type PlanNode } from '@millrace/graph';
import { withNodeSpan } from '@millrace/telemetry';
import { ClaimAborted, type Claims } from './claims.js';
import { nodeRetry, nodeStarted, type NodeExecution } from './events.js';
import type { Finish } from './finish.js';
import { PlanError, type Plans } from './plans.js';
import type { EngineObserver } from './ports.js';
import { createScope } from './scope.js';
import { settleNode, untouched, type Work } from './settle.js';
import { createTextStream } from './text-stream.js';

export interface ExecuteDeps {
  state: RunState;
  queue: NodeQueue;
  plans: Plans;
  executors: ReadonlyMap<string, NodeExecutor>;
  claims: Claims;
  finish: Finish;
  observer?: EngineObserver;
  onError: (error: Error) => void;
  /** Lease of a claimed node. Default 10 s. */
  leaseMs?: number;
  /** `node_started` leaves after this time unless the node is done by then. Default 8 ms. */
  announceAfterMs?: number;
  /** A node whose workers died this often is given up. Default 5: a storm of kills must not look like poison. */
  maxCrashes?: number;
}

/** Thrown so that the queue redelivers a job that this process hands back. */
export class HandedBack extends Error {
  override readonly name = 'HandedBack';
}

/** Executes one node job: claim, run, apply the result, queue what became ready, finish the run. */
export type ExecuteNode = (job: NodeJob, jobId: string) => Promise<void>;

export function createExecuteNode(deps: ExecuteDeps): ExecuteNode {
  const { state, plans, leaseMs = 10_000 } = deps;

  return async (job, jobId) => {
    let plan: Plan;
    try {
      plan = await plans.plan(job.tenantId, job.versionId);
    } catch (error) {
      if (!(error instanceof PlanError)) throw error;
      await failRun(deps, job, error.message);
      return;
    }
    const node = plan.nodes[job.node];
    if (!node) {
      await failRun(deps, job, `the workflow has no node number ${job.node}`);
      return;
    }
    const address = { frame: job.frame, node: job.node };
    const begun = await state.begin({
      runId: job.runId,
      shard: job.shard,
      address,
      attempt: job.attempt,
      jobId,
      token: newId(),
      executionId: newId(),
      reads: node.reads,
      leaseMs,
      streams: node.streams.map(({ sel }) => sel),
    });
    if (begun.kind !== 'begun') return;
    const claim: Claim = { runId: job.runId, shard: job.shard, address, token: begun.token };
    const span = {
      nodeId: node.id,
      nodeType: node.type,
      runId: job.runId,
      traceId: begun.context.traceId,
      readyAtMs: job.readyAtMs,
    };
    await withNodeSpan(begun.context.trace, span, () => runClaimed(deps, { job, plan, node, begun, claim }));
  };
}

async function runClaimed(deps: ExecuteDeps, work: Work): Promise<void> {
  const { state, claims, onError, announceAfterMs = 8 } = deps;
  const { job, plan, node, begun, claim } = work;
  const execution: NodeExecution = {
    run: begun.context,
    node,
    executionId: begun.executionId,
    index: begun.index,
    startedAtMs: begun.startedAtMs,
    predecessorId: predecessorId(plan, node, job),
  };
  const began = performance.now();
  const { signal, release } = claims.hold(claim);
  let inputs: ValueObject | null = null;
  const announce = (): void => {
    clearTimeout(timer);
    const startedEvent = nodeStarted(execution, stringifyJson(inputs));
    const retryEvent = begun.streamed ? nodeRetry(execution, crashed(began), job.attempt) : undefined;
    const { tenantId, createdAtMs } = begun.context;
    const ledger = JSON.stringify({ tenantId, createdAtMs });
    state
      .announce({ ...claim, startedEvent, ledger, ...(retryEvent === undefined ? {} : { retryEvent }) })
      .catch(onError);
  };
  const timer = setTimeout(announce, announceAfterMs);
  if (begun.announced && !begun.streamed) clearTimeout(timer);
  if (begun.streamed) announce();
  const stream = createTextStream({
    claim,
    selectors: new Map(
      node.streams.flatMap(({ sel, selector }) => (selector.length === 2 ? [[selector[1] ?? '', sel]] : [])),
    ),
    state,
    beforeFirst: begun.announced ? () => undefined : announce,
    onError,
  });
  try {
    const result = await attempt(deps, work, {
      signal,
      reportInputs: (known) => (inputs = known),
      emitText: (name, text) => {
        stream.write(name, text);
      },
    });
    clearTimeout(timer);
    await stream.end();
    if (signal.aborted) throw signal.reason;
    await settleNode(
      deps,
      isPoison(deps, begun) ? { ...work, node: withoutMercy(node) } : work,
      execution,
      result,
      performance.now() - began,
    );
  } catch (error) {
    clearTimeout(timer);
    await stream.end();
    if (!(error instanceof ClaimAborted)) throw error;
    if (error.reason !== 'shutdown') return;
    await state.settle({ ...untouched(work), outcome: 'release' });
    throw new HandedBack('this worker is stopping');
  } finally {
    release();
  }
}

/** A node that keeps killing its workers. */
const isPoison = ({ maxCrashes = 5 }: ExecuteDeps, { crashes }: BegunNode): boolean => crashes >= maxCrashes;

/** Neither retries nor an error strategy may set a poison node on more workers: the run fails. */
const withoutMercy = (node: PlanNode): PlanNode => ({
  ...node,
  errorStrategy: 'none',
  retry: { maxRetries: 0, intervalMs: 0 },
});

/** Users' mistakes come back as results; what a node throws by itself is one too (dsl 3.6). */
async function attempt(
  deps: ExecuteDeps,
  { plan, node, begun, job }: Work,
  hooks: {
    signal: AbortSignal;
    reportInputs: (inputs: ValueObject) => void;
    emitText: (name: string, text: string) => void;
  },
): Promise<NodeResult> {
  const failed = (error: string, errorType: string): NodeResult => ({
    status: 'failed',
    error,
    errorType,
    inputs: {},
    processData: {},
    metadata: {},
  });
  if (isPoison(deps, begun)) {
    return failed(`the node was given up: its worker died ${begun.crashes} times while it ran`, 'WorkerCrashError');
  }
  const executor = deps.executors.get(node.type);
  if (!executor) return failed(`node type '${node.type}' is not supported yet`, 'WorkflowNodeError');
  try {
    return await executor.execute({
      nodeId: node.id,
      title: node.title,
      data: node.data,
      scope: createScope(plan, begun.context, node.reads, begun.reads),
      inputs: node === plan.root ? (parseJson(begun.inputs) as ValueObject) : {},
      tenantId: job.tenantId,
      appId: begun.context.appId,
      runId: job.runId,
      executionId: begun.executionId,
      ...hooks,
    });
  } catch (error) {
    if (hooks.signal.aborted) throw hooks.signal.reason;
    return failed(error instanceof Error ? error.message : String(error), 'WorkflowNodeError');
  }
}

const predecessorId = (plan: Plan, node: PlanNode, job: NodeJob): string | null =>
  plan.nodes[job.predecessor ?? node.in[0]?.source ?? -1]?.id ?? null;

const crashed = (began: number) => ({
  status: 'retry' as const,
  inputs: 'null',
  processData: '{}',
  outputs: 'null',
  error: 'the worker that ran this node died',
  elapsedSeconds: Math.round((performance.now() - began) * 1000) / 1e6,
  metadata: 'null',
  finishedAtMs: Date.now(),
});

async function failRun({ state, finish }: ExecuteDeps, job: NodeJob, error: string): Promise<void> {
  const { decided } = await state.decide({
    runId: job.runId,
    shard: job.shard,
    status: 'failed',
    error,
    code: 'workflow_request_error',
  });
  if (decided) await finish(decided);
}
