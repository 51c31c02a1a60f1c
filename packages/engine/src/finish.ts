import {
  errorCatalogue,
  type DecidedRun,
  type Ending,
  type JsonText,
  type PublishedEnd,
  type RunContext,
  type RunState,
  type StoredNodeMeta,
  type TerminalStatus,
  type ValueObject,
} from '@millrace/contracts';
import { mergeOutputs, parseJson, publicJson, stringifyJson, type Plan } from '@millrace/graph';
import { recordRunSpan } from '@millrace/telemetry';
import { runLedger } from './contexts.js';
import { errorEvent, nodeFinished, nodeStarted, workflowFinished } from './events.js';
import type { EngineObserver, RunStore } from './ports.js';
import { PlanError, type Plans } from './plans.js';

export interface FinishDeps {
  state: RunState;
  runs: RunStore;
  plans: Plans;
  observer?: Pick<EngineObserver, 'runEnded'>;
}

/**
 * Ends a decided run: Postgres first, then the stream, so that whatever a client has seen every
 * reader knows (E1). Idempotent; any process may do it, the first publisher wins (E2). Ends nothing where Postgres knows a
 * later epoch than the decision, and answers that epoch.
 */
export type Finish = (decided: DecidedRun) => Promise<number | undefined>;

/** The epoch of a run that lives on under it; one that Postgres does not know or refused is only cleared away. */
async function laterEpoch(runs: RunStore, { tenantId, appId, runId }: RunContext): Promise<number | undefined> {
  const row = await runs.get(tenantId, appId, runId);
  return row?.status === 'refused' ? undefined : row?.epoch;
}

export function createFinish({ state, runs, plans, observer }: FinishDeps): Finish {
  return async (decided) => {
    const { context } = decided;
    const own = endingOf(decided);
    const saved = await runs.saveEnding(context.tenantId, context.runId, own, { epoch: decided.epoch });
    if (saved.kind === 'unknown') {
      const epoch = await laterEpoch(runs, context);
      if (epoch !== undefined) return epoch;
    }
    const ending = saved.kind === 'already' ? saved.ending : own;
    // A run that ended otherwise did so before Redis lost its last writes: what its nodes did has been told.
    const told = ending.finishedAtMs === own.finishedAtMs ? decided : { ...decided, running: [] };
    const plan = await planOf(plans, told);
    const published = await state.publishEnd(context, {
      events: lastEvents(told, ending, plan),
      ledger: JSON.stringify({ ...runLedger(context), epoch: decided.epoch }),
      leased: decided.leased,
    });
    if (published !== 'published') return undefined;
    recordRunSpan(context, ending);
    observer?.runEnded(context, ending);
    return undefined;
  };
}

/** The ending of a decided run; every finisher computes the same one. */
export function endingOf(decided: DecidedRun): Ending {
  return {
    status: decided.status,
    error: decided.error,
    outputs: mergedOutputs(decided.endOutputs),
    elapsedSeconds: (decided.finishedAtMs - decided.startedAtMs) / 1000,
    totalTokens: decided.tokens,
    totalSteps: decided.steps,
    exceptionsCount: decided.exceptions,
    finishedAtMs: decided.finishedAtMs,
    ...(decided.code === undefined ? {} : { code: decided.code }),
  };
}

/** One End node, the usual case, needs no merging: its text is the run's. */
function mergedOutputs([first, ...others]: JsonText[]): JsonText {
  if (first === undefined) return '{}';
  if (others.length === 0) return publicJson(first);
  return stringifyJson(mergeOutputs([first, ...others].map((text) => parseJson(text) as ValueObject)));
}

/** Only needed to name nodes that were still running; a plan that cannot be built had none. */
async function planOf(plans: Plans, { context, running }: DecidedRun): Promise<Plan | undefined> {
  if (running.length === 0) return undefined;
  try {
    return await plans.plan(context.tenantId, context.versionId);
  } catch (error) {
    if (error instanceof PlanError) return undefined;
    throw error;
  }
}

const statuses: Partial<Record<string, { status: number }>> = errorCatalogue;

function lastEvents(decided: DecidedRun, ending: Ending, plan: Plan | undefined): PublishedEnd['events'] {
  const { context, finishedAtMs } = decided;
  const status = decided.status === 'stopped' ? 'stopped' : 'failed';
  const events: PublishedEnd['events'] = [];
  for (const running of [...decided.running].sort((a, b) => a.index - b.index)) {
    const node = plan?.nodes[running.node];
    if (!plan || !node) continue;
    const { frame, executionId, attempt, index, startedAtMs, startedEventId } = running;
    const predecessorId = plan.nodes[running.predecessor ?? -1]?.id ?? null;
    const execution = { run: context, node, executionId, startedAtMs, predecessorId };
    if (startedEventId === undefined) events.push(nodeStarted(execution, index, 'null'));
    const event = nodeFinished(execution, index, {
      ...{
        status,
        inputs: inputsOf(running.startedEvent),
        processData: '{}',
        outputs: 'null',
        error: decided.error,
        finishedAtMs,
      },
      elapsedSeconds: (finishedAtMs - running.attemptAtMs) / 1000,
      metadata: 'null',
    });
    const place = { frame, node: node.index, nodeId: node.id, nodeType: node.type, title: node.title };
    const meta: StoredNodeMeta = {
      ...place,
      executionId,
      attempt,
      status,
      handle: '',
      tokens: 0,
      startedAtMs,
      finishedAtMs,
    };
    const told = startedEventId === undefined ? {} : { startedEventId };
    events.push({ event, meta: JSON.stringify(meta), index, ...told });
  }
  if (ending.code !== undefined) {
    const code = statuses[ending.code]?.status ?? 500;
    events.push(errorEvent(context, ending.code, code, ending.error ?? ''));
  }
  events.push(workflowFinished(context, ending));
  return events;
}

/** What a node that is cut off was working on, as its `node_started` told. */
function inputsOf(startedEvent: JsonText = '{}'): JsonText {
  const { data = null } = parseJson(startedEvent) as ValueObject;
  return stringifyJson((data as ValueObject | null)?.['inputs'] ?? null);
}

/** Ends a run that never came to run: it has an ending in Postgres and no events. */
export async function endUnstarted(
  runs: RunStore,
  { tenantId, runId }: RunContext,
  status: TerminalStatus,
  error: string,
): Promise<void> {
  const none = { outputs: '{}', elapsedSeconds: 0, totalTokens: 0, totalSteps: 0, exceptionsCount: 0 };
  await runs.saveEnding(tenantId, runId, { status, error, ...none, finishedAtMs: Date.now() });
}
