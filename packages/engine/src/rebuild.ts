import {
  compareEventIds,
  newId,
  runFormat,
  type NodeQueue,
  type NodeRecord,
  type ReadyNode,
  type RunContext,
  type RunState,
  type ValueObject,
} from '@millrace/contracts';
import { edgeTable, parseJson, stringifyJson, type Plan } from '@millrace/graph';
import { startedInputs, startRequest, type RunLimits } from './accept.js';
import { workflowStarted } from './events.js';
import { endUnstarted, type Finish } from './finish.js';
import { PlanError, type Plans } from './plans.js';
import type { RecoveryStore, RecoveryView, RunStore, UnfinishedRun } from './ports.js';
import { noEvents } from './settle.js';
import { streamedValues } from './streamed-values.js';

export interface RebuildDeps {
  state: RunState;
  queue: NodeQueue;
  plans: Plans;
  store: RecoveryStore;
  view: Pick<RecoveryView, 'raiseEpoch'>;
  runs: RunStore;
  limits: RunLimits;
  finish: Finish;
}

/**
 * Brings a run that Redis does not know back from Postgres, under a new epoch: recorded events keep
 * their ids, recorded nodes are applied again without running, the rest runs (R1). Repeating it is
 * harmless: `start` is idempotent by run id.
 */
export async function rebuildRun(deps: RebuildDeps, run: UnfinishedRun): Promise<void> {
  const { state, queue, store, plans, limits } = deps;
  const { context } = run;
  const { runId, shard, tenantId, versionId, trace } = context;
  let plan: Plan;
  try {
    plan = await plans.plan(context.tenantId, context.versionId);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    await endUnstarted(deps.runs, context, 'failed', error.message);
    return;
  }
  const epoch = (await store.raiseEpoch([context])).get(runId);
  if (epoch === undefined) return;
  const recorded = (await store.recordedNodes(tenantId, runId))
    .filter(({ meta }) => meta.frame === 0)
    .sort((a, b) => compareEventIds(a.finishedEventId, b.finishedEventId));
  const startedEvent = workflowStarted(context, startedInputs(context, run.inputs));
  const events = [{ id: '1-1', event: startedEvent }, ...eventsOf(recorded)];
  const startedAtMs = Math.min(...recorded.map(({ meta }) => meta.startedAtMs));
  const before = recorded.length === 0 ? {} : { recorded: { events, startedAtMs } };
  const request = startRequest({ context, plan, inputs: run.inputs, epoch, limits, ...before });
  const started = await state.start(request);
  // Somebody was faster: what it has must not stay behind the epoch that Postgres knows now.
  if (started === 'exists') await deps.view.raiseEpoch(context, epoch);
  if (started !== 'started') return;
  if (await endedMeanwhile(deps, context)) return;
  const ready = await replay(deps, run, plan, recorded);
  await queue.add(
    ready.map((node) => ({
      ...{ v: runFormat.written, runId, shard, tenantId, versionId, ...node, readyAtMs: Date.now() },
      ...(trace.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
    })),
  );
}

/**
 * A stop that found nothing in Redis has ended the run in Postgres. Looked at after the start: one that comes later looks
 * into Redis once more (`stop.ts`). The ending that is there wins over this decision.
 */
async function endedMeanwhile({ state, runs, finish }: RebuildDeps, context: RunContext): Promise<boolean> {
  const row = await runs.get(context.tenantId, context.appId, context.runId);
  if (row?.status === 'accepted') return false;
  const { decided } = await state.decide({ ...context, status: 'stopped', error: null });
  if (decided) await finish(decided);
  return true;
}

/** Applies the recorded nodes in their order of completion; answers what is ready and not recorded. */
async function replay(
  { state, finish }: RebuildDeps,
  { context }: UnfinishedRun,
  plan: Plan,
  recorded: NodeRecord[],
): Promise<ReadyNode[]> {
  const ready = new Map<number, ReadyNode>([[plan.root.index, { frame: 0, node: plan.root.index, attempt: 1 }]]);
  for (const { meta, finishedEvent } of recorded) {
    const node = plan.nodes[meta.node];
    if (!node || !ready.has(meta.node)) continue;
    const address = { frame: 0, node: meta.node };
    const place = { runId: context.runId, shard: context.shard, address };
    const token = newId();
    const begun = await state.begin({
      ...{ ...place, attempt: 1, jobId: 'rebuild', token, executionId: meta.executionId },
      ...{ reads: [], context: false, inputs: false, leaseMs: 10_000, streams: [] },
    });
    if (begun.kind !== 'begun') continue;
    const { values, error } = resultOf(finishedEvent);
    const settled = await state.settle({
      ...{ ...place, token, nodeId: node.id, attempt: 1, outcome: meta.status === 'failed' ? 'failed' : 'done' },
      ...(meta.status === 'failed' ? { error } : {}),
      ...{
        outputs: values === null ? null : stringifyJson(values),
        edges: meta.status === 'failed' ? '' : edgeTable(plan, meta.node, meta.handle),
      },
      ...{ events: noEvents, ledger: '', runLedger: '', tokens: meta.tokens },
      ...{
        exceptions: meta.status === 'succeeded' ? 0 : 1,
        isEnd: node.type === 'end',
        values: values === null ? [] : (streamedValues(plan, node, values) ?? []),
        closes: [],
        streamMoves: true,
        recorded: { retries: meta.attempt - 1, index: meta.index },
      },
    });
    ready.delete(meta.node);
    if (settled.kind !== 'applied') continue;
    for (const next of settled.ready) ready.set(next.node, next);
    if (settled.decided) await finish(settled.decided);
  }
  return [...ready.values()];
}

/** Outputs and error as the event tells them; floats stay floats. */
function resultOf(finishedEvent: string): { values: ValueObject | null; error: string } {
  const { data } = parseJson(finishedEvent) as { data: { outputs: ValueObject | null; error: unknown } & ValueObject };
  return { values: data.outputs, error: typeof data.error === 'string' ? data.error : '' };
}

function eventsOf(recorded: NodeRecord[]): { id: string; event: string }[] {
  return recorded
    .flatMap((node) => [
      { id: node.startedEventId, event: node.startedEvent },
      { id: node.finishedEventId, event: node.finishedEvent },
    ])
    .filter(({ id }) => id !== '')
    .sort((a, b) => compareEventIds(a.id, b.id));
}
