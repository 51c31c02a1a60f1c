import { setTimeout as pause } from 'node:timers/promises';
import {
  ApiError,
  newId,
  newRunId,
  runFormat,
  type NodeQueue,
  type RunContext,
  type RunState,
  type StartRequest,
  type TraceCarrier,
  type ValueObject,
} from '@millrace/contracts';
import { exactJson, publicJson, stringifyJson, type Plan } from '@millrace/graph';
import { chunkPrefix, workflowStarted } from './events.js';
import type { AcceptedRun, RunStore } from './ports.js';
import { systemVariables } from './scope.js';
import { startingValues } from './streamed-values.js';

export interface AcceptRequest {
  tenantId: string;
  appId: string;
  version: { id: string; label: string; plan: Plan };
  /** Validated form values. */
  inputs: ValueObject;
  user: string;
  endUserId: string;
  /** `sys.files`. Default none. */
  files?: ValueObject[];
  /** Where download links lead. Default: links are paths. */
  filesUrl?: string;
  trace: RunTrace;
  /** `debugging` for test runs of the console, which the log does not show. Default `app-run`. */
  triggeredFrom?: string;
  /** Doorbell of the gateway that waits for this run, by shard. */
  bell?: { channel: (shard: number) => string; mode: 'all' | 'end' };
}

/** Ids of a run's trace, minted when it is accepted. */
export interface RunTrace {
  /** Public trace id. */
  traceId: string;
  /** Carrier whose span is the run span. */
  carrier: TraceCarrier;
  parentSpanId?: string;
}

export interface AcceptDeps {
  runs: RunStore;
  state: RunState;
  queue: NodeQueue;
  shards: number;
  limits: RunLimits;
  onError: (error: Error) => void;
  isUnavailable: (error: unknown) => boolean;
  /** Whether a call to Redis failed for want of a connection, before anything was sent. */
  isUnsent: (error: unknown) => boolean;
}

/** Limits of one run (dsl 3.8). */
export interface RunLimits {
  /** Default 1,200,000 ms. */
  maxRunMs: number;
  /** Default 500. */
  maxSteps: number;
  /** Of the events in which text is streamed; far more than any outputs have. Default 96 MiB. */
  maxStreamedBytes: number;
  /** Of outputs and node events; what every run takes of Redis, and of a recorder's memory. Default 512 MiB. */
  maxValueBytes: number;
}

/**
 * Accepts a run: into Postgres first, then into Redis, then queued (A1: an id that left the gateway
 * is in Postgres). A start that fails marks the row refused, and a refused run never executes (A2).
 * @throws ApiError `service_unavailable` when Postgres or Redis cannot be reached
 */
export type Accept = (request: AcceptRequest) => Promise<RunContext>;

export function createAccept(deps: AcceptDeps): Accept {
  const { runs, isUnavailable } = deps;
  let next = 0;

  return async (request) => {
    const createdAtMs = Date.now();
    next = (next + 1) % deps.shards;
    const context: RunContext = {
      runId: newRunId(createdAtMs),
      shard: next,
      tenantId: request.tenantId,
      appId: request.appId,
      versionId: request.version.id,
      taskId: newId(),
      endUserId: request.endUserId,
      user: request.user,
      traceId: request.trace.traceId,
      trace: request.trace.carrier,
      ...(request.trace.parentSpanId === undefined ? {} : { parentSpanId: request.trace.parentSpanId }),
      ...(request.files?.length ? { files: stringifyJson(request.files) } : {}),
      ...(request.filesUrl ? { filesUrl: request.filesUrl } : {}),
      createdAtMs,
    };
    const inputs = exactJson(request.inputs);
    const { triggeredFrom } = request;
    const accepted: AcceptedRun = {
      ...{ context, versionLabel: request.version.label, inputs },
      ...(triggeredFrom === undefined ? {} : { triggeredFrom }),
    };
    try {
      await runs.insertAccepted(accepted);
      await startSurely(deps, {
        context,
        withinMs: startWithinMs,
        plan: request.version.plan,
        inputs,
        epoch: 1,
        limits: deps.limits,
        ...(request.bell ? { bell: request.bell } : {}),
      });
    } catch (error) {
      await refuse(deps, accepted);
      if (!isUnavailable(error)) throw error;
      throw new ApiError('service_unavailable', undefined, { cause: error, retryAfterSeconds: 1 });
    }
    return context;
  };
}

/** A start that reaches Redis later (which was frozen, say) never counts; a silent connection is given up only then (`hasty` of state). */
const startWithinMs = 1_000;
/** A start whose answer was lost with the connection is asked again for so long: until none counts, and a new connection is there. */
const askAgainMs = 1_400;
/** Longest wait for the refusal to be written before the caller is told. */
const refusalMs = 300;
/** How long a refusal is tried in the background: past the time until which a start may still arrive. */
const refusalTriesMs = 30_000;

/** Starts a run; a connection that broke under it says nothing of the start, and starting again is harmless. */
async function startSurely(deps: AcceptDeps, run: StartRun): Promise<void> {
  const until = Date.now() + askAgainMs;
  for (let isSent = false; ;) {
    try {
      return await startRun(deps, run);
    } catch (error) {
      isSent ||= !deps.isUnsent(error);
      if (error instanceof ApiError || !isSent || !deps.isUnavailable(error) || Date.now() >= until) throw error;
      await pause(50);
    }
  }
}

/**
 * Makes sure that a run whose caller hears 503 never executes: refused in Postgres, also should its row come only later, and
 * ended in Redis should the start have arrived there after all. What cannot be said now is tried again for a while.
 */
async function refuse(deps: AcceptDeps, run: AcceptedRun): Promise<void> {
  const { runs, state } = deps;
  const end = { ...run.context, status: 'failed', error: 'The run was refused.' } as const;
  void persist(deps, () => state.decide(end));
  // Nobody will read its inputs, which would be held for as long as it is tried.
  const row = { ...run, inputs: '{}' };
  await Promise.race([persist(deps, () => runs.markRefused(row)), pause(refusalMs)]);
}

async function persist({ isUnavailable, onError }: AcceptDeps, act: () => Promise<unknown>): Promise<void> {
  const until = Date.now() + refusalTriesMs;
  for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 1000)) {
    try {
      await act();
      return;
    } catch (error) {
      if (!isUnavailable(error) || Date.now() >= until) return onError(error as Error);
      await pause(waitMs, undefined, { ref: false });
    }
  }
}

export interface StartRun {
  context: RunContext;
  plan: Plan;
  inputs: string;
  epoch: number;
  limits: RunLimits;
  withinMs?: number;
  bell?: AcceptRequest['bell'];
  recorded?: StartRequest['recorded'];
}

/** What Redis is told to start a run, for the first time or again. */
export function startRequest({
  context,
  plan,
  inputs,
  epoch,
  limits,
  withinMs,
  bell,
  recorded,
}: StartRun): StartRequest {
  return {
    context,
    epoch,
    rootNode: plan.root.index,
    rootNodeId: plan.root.id,
    inputs,
    startedEvent: workflowStarted(context, startedInputs(context, inputs)),
    deadlineMs: context.createdAtMs + limits.maxRunMs,
    maxSteps: limits.maxSteps,
    maxStreamedBytes: limits.maxStreamedBytes,
    maxValueBytes: limits.maxValueBytes,
    ...(withinMs === undefined ? {} : { withinMs }),
    stream: plan.stream.ends.length > 0 ? JSON.stringify(plan.stream) : '',
    chunkPrefix: chunkPrefix(context),
    values: startingValues(plan, context, inputs),
    ...(bell ? { bell: { channel: bell.channel(context.shard), mode: bell.mode } } : {}),
    ...(recorded ? { recorded } : {}),
  };
}

async function startRun({ state, queue }: AcceptDeps, run: StartRun): Promise<void> {
  const { runId, shard, tenantId, versionId, trace } = run.context;
  const job = {
    ...{ v: runFormat.written, runId, shard, tenantId, versionId, frame: 0, node: run.plan.root.index, attempt: 1 },
    readyAtMs: Date.now(),
    ...(trace.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
  };
  const order = { late: false };
  const started = state.start(startRequest(run), () => (order.late = true));
  // Sent in the same tick, hence after `start` on the shared connection, unless that is late.
  const [result] = await Promise.all([started, queue.add([job])]);
  if (order.late) await queue.add([job], order);
  if (result === 'started' || result === 'exists') return;
  const why = result === 'late' ? 'Redis was too slow' : 'The history is too far behind';
  throw new ApiError('service_unavailable', `${why}; please try again.`, { retryAfterSeconds: 1 });
}

/** User inputs and `sys.*` keys, as `workflow_started` and the run's record show them. */
export function startedInputs(context: RunContext, exactInputs: string): string {
  const inputs = publicJson(exactInputs);
  const { timestamp: _, ...system } = systemVariables(context);
  const sys = Object.entries(system).map(([key, value]) => `${JSON.stringify(`sys.${key}`)}:${stringifyJson(value)}`);
  return inputs === '{}' ? `{${sys.join(',')}}` : `${inputs.slice(0, -1)},${sys.join(',')}}`;
}
