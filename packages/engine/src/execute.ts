import {
  newId,
  Outage,
  type BegunNode,
  type FileLinks,
  type NodeExecutor,
  type NodeJob,
  type NodeQueue,
  type NodeResult,
  type RunContext,
  type RunState,
  type RunVariables,
  type ValueObject,
} from '@millrace/contracts';
import type { Plan } from '@millrace/graph';
import { describeAttempt, withNodeSpan } from '@millrace/telemetry';
import { announceNode } from './announce.js';
import { attempt, failure } from './attempt.js';
import { ClaimAborted, HandedBack, type Claims } from './claims.js';
import { createContexts } from './contexts.js';
import { nodeRetry, reasoningChunk, type NodeExecution } from './events.js';
import type { Finish } from './finish.js';
import { createFreshLinks, type FreshLinks } from './fresh-links.js';
import { PlanError, type Plans } from './plans.js';
import type { EngineObserver } from './ports.js';
import { settleNode, untouched, withoutMercy, type ClaimedWork, type Work } from './settle.js';
import { createTextStream } from './text-stream.js';
import { runQuick, runUnclaimed } from './unclaimed.js';

export interface ExecuteDeps {
  state: RunState;
  queue: NodeQueue;
  plans: Plans;
  executors: ReadonlyMap<string, NodeExecutor>;
  claims: Claims;
  finish: Finish;
  /** Signs links to files. Default: links are left alone. */
  links?: FileLinks;
  observer?: EngineObserver;
  onError: (error: Error) => void;
  /** Lease of a claimed node. Default 10 s. */
  leaseMs?: number;
  /** `node_started` leaves after this time unless the node is done by then. Default 8 ms. */
  announceAfterMs?: number;
  /** A node whose workers died this often is given up. Default 10: a storm of kills must not look like poison. */
  maxCrashes?: number;
}

/** How a job came to this process. */
export interface Delivery {
  /** Job and number of the delivery, `id#number`. */
  jobId: string;
  /** Not for the first time: whoever had it may have died of it. */
  again: boolean;
}

/** Executes one node job: claim, run, apply the result, queue what became ready, finish the run. */
export type ExecuteNode = (job: NodeJob, delivery: Delivery) => Promise<void>;

export function createExecuteNode(options: ExecuteDeps): ExecuteNode {
  const deps = { ...options, fresh: createFreshLinks(options.links) };
  const { state, plans, leaseMs = 10_000 } = deps;
  const contexts = createContexts();

  /** The run's context, from what was read or from before. */
  const contextOf = (read: RunVariables | undefined, known: RunContext | undefined): RunContext | undefined => {
    if (read?.context) contexts.keep(read.context);
    return read && (read.context ?? known);
  };

  return async (job, { jobId, again }) => {
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
    const place = { runId: job.runId, shard: job.shard, address: { frame: job.frame, node: job.node } };
    const token = newId();
    // Held on to: others may push it out of the cache while the variables are read.
    const known = contexts.of(job.runId);
    const wanted = { reads: node.reads, context: !known, inputs: node === plan.root };
    const inSpan = (run: RunContext, execute: () => Promise<void>, begun?: BegunNode): Promise<void> => {
      const { runId, readyAtMs } = job;
      const span = { nodeId: node.id, nodeType: node.type, runId, traceId: run.traceId, readyAtMs };
      return withNodeSpan(run.trace, { ...span, ...(begun && describeAttempt(run.trace, span, job, begun)) }, execute);
    };
    const streams = node.streams.map(({ sel }) => sel);
    const begin = (reads: typeof wanted, executionId: string) =>
      state.begin({
        ...{ ...place, ...reads, attempt: job.attempt, jobId, overdueToken: job.overdueToken },
        ...{ token, executionId, leaseMs, streams },
      });

    const executor = deps.executors.get(node.type);
    if (!again && job.overdueToken === undefined && job.attempt === 1 && executor?.pure) {
      const variables = await state.read({ ...place, ...wanted });
      const run = contextOf(variables, known);
      if (!variables || !run) return;
      const execution = executionOf({ job, plan, node }, run, { executionId: newId(), startedAtMs: Date.now() });
      const work: Work = { job, plan, node, execution, variables, claim: { ...place, token } };
      const claimLate = async (): Promise<ClaimedWork | undefined> => {
        const begun = await begin({ reads: [], context: false, inputs: false }, execution.executionId);
        if (begun.kind !== 'begun') return undefined;
        return { ...work, begun, execution: executionOf({ job, plan, node }, run, begun) };
      };
      const runPure = executor.quick ? runQuick : runUnclaimed;
      await inSpan(run, () => runPure(deps, work, claimLate));
      return;
    }
    const begun = await begin(wanted, newId());
    if (begun.kind !== 'begun') return;
    const run = contextOf(begun, known);
    if (!run) return;
    const execution = executionOf({ job, plan, node }, run, begun);
    const work = { job, plan, node, execution, variables: begun, begun, claim: { ...place, token: begun.token } };
    await inSpan(run, () => runClaimed(deps, work), begun);
  };
}

type NodeDeps = ExecuteDeps & { fresh: FreshLinks };

function executionOf(
  { job, plan, node }: Pick<Work, 'job' | 'plan' | 'node'>,
  run: RunContext,
  { executionId, startedAtMs }: { executionId: string; startedAtMs: number },
): NodeExecution {
  const predecessorId = plan.nodes[job.predecessor ?? -1]?.id ?? null;
  return { run, node, executionId, startedAtMs, predecessorId };
}

async function runClaimed(deps: NodeDeps, work: ClaimedWork): Promise<void> {
  const { state, claims, onError, announceAfterMs = 8 } = deps;
  const { job, node, begun, execution, claim } = work;
  const began = performance.now();
  const { signal, release } = claims.hold(claim);
  let inputs: ValueObject | null = null;
  const announce = (): void => {
    clearTimeout(timer);
    const retryEvent = begun.streamed ? nodeRetry(execution, begun.index, crashed(began), job.attempt) : undefined;
    announceNode(deps, work, inputs, retryEvent);
  };
  const timer = setTimeout(announce, announceAfterMs);
  if (begun.announced && !begun.streamed) clearTimeout(timer);
  if (begun.streamed) announce();
  const stream = createTextStream({
    claim,
    reasoning: reasoningOf(execution),
    selectors: new Map(
      node.streams.flatMap(({ sel, selector }) => (selector.length === 2 ? [[selector[1] ?? '', sel]] : [])),
    ),
    state,
    finish: deps.finish,
    beforeFirst: begun.announced ? () => undefined : announce,
    onError,
  });
  try {
    const poison = isPoison(deps, begun);
    const result = poison
      ? givenUp(begun)
      : await attempt(deps, work, {
          signal,
          reportInputs: (known) => (inputs = known),
          emitText: (name, text) => {
            stream.write(name, text);
          },
        });
    clearTimeout(timer);
    await stream.end();
    if (signal.aborted) throw signal.reason;
    await settleNode(deps, poison ? { ...work, node: withoutMercy(node) } : work, result, performance.now() - began);
  } catch (error) {
    clearTimeout(timer);
    await stream.end();
    if (!(error instanceof ClaimAborted || error instanceof Outage)) throw error;
    if (error instanceof ClaimAborted && error.reason !== 'shutdown') return;
    await state.settle({ ...untouched(work), outcome: 'release' });
    throw error instanceof Outage ? error : new HandedBack();
  } finally {
    release();
  }
}

/** A node that keeps killing its workers. */
const isPoison = ({ maxCrashes = 10 }: ExecuteDeps, { crashes }: BegunNode): boolean => crashes >= maxCrashes;

const givenUp = ({ crashes }: BegunNode): NodeResult =>
  failure(`the node was given up: its worker died ${crashes} times while it ran`, 'WorkerCrashError');

/** Reasoning is told of nodes whose text or reasoning an End node shows. */
function reasoningOf({ run, node }: NodeExecution) {
  const shown = node.streams.filter(
    ({ selector: [, name, more] }) => /^(text|reasoning_content)$/.test(name ?? '') && more === undefined,
  );
  if (shown.length === 0) return undefined;
  const event = (text: string, isFinal: boolean): string => reasoningChunk(run, node.id, text, isFinal);
  return { event, shownBy: shown.map(({ sel }) => sel) };
}

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
