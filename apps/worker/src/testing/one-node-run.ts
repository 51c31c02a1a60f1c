import {
  newId,
  newRunId,
  type DecidedRun,
  type NodeExecutor,
  type NodeJob,
  type NodeRequest,
  type NodeResult,
  type RunState,
} from '@millrace/contracts';
import { createClaims, createExecuteNode } from '@millrace/engine';
import { compilePlan, parseFile, type Plan } from '@millrace/graph';
import { createRunEvents, type connectRedis } from '@millrace/state';
import { code, end, start, workflowFile } from '@millrace/testing';

type Redis = ReturnType<typeof connectRedis>;

const fail = (error: Error): never => {
  throw error;
};

const supportedTypes = new Set(['start', 'code', 'end']);

function planOf(more: Record<string, unknown>): Plan {
  const nodes = [start([]), code('node', 'code', {}, {}, more), end({ x: ['node', 'x'] })];
  const file = parseFile(workflowFile({ nodes }), { supportedTypes });
  if (!('workflow' in file)) throw new Error(file.status);
  const compiled = compilePlan(file.workflow, { supportedTypes });
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.plan;
}

export const succeeded = (x: string): NodeResult => ({
  ...{ status: 'succeeded', outputs: { x }, handle: 'source' },
  ...{ inputs: {}, processData: {}, metadata: {} },
});
export const failed: NodeResult = {
  ...{ status: 'failed', error: 'broken', errorType: 'Broken' },
  ...{ inputs: {}, processData: {}, metadata: {} },
};

export interface Attempt {
  request: NodeRequest;
  end: (result: NodeResult) => void;
}

/** A code node whose attempts the test ends: each comes with its request and the function that gives its result. */
export function puppet(settings: Pick<NodeExecutor, 'quick' | 'pure'> = {}) {
  const attempts: Attempt[] = [];
  const waiting: ((attempt: Attempt) => void)[] = [];
  const executor: NodeExecutor = {
    ...{ type: 'code', pure: true, ...settings },
    execute: (request) =>
      new Promise((resolve, reject) => {
        const attempt = { request, end: resolve };
        request.signal.addEventListener('abort', () => reject(request.signal.reason as Error), { once: true });
        const next = waiting.shift();
        if (next) next(attempt);
        else attempts.push(attempt);
      }),
  };
  const next = (): Promise<Attempt> => {
    const attempt = attempts.shift();
    return attempt ? Promise.resolve(attempt) : new Promise((resolve) => waiting.push(resolve));
  };
  return { executor, next };
}

/** An event of the code node. */
export interface Shown {
  event: string;
  data: { node_id?: string; index?: number; id?: string; status?: string };
}

/** A started run whose code node is ready, and a worker that executes what it is told to. */
export async function runWith(
  { redis, state }: { redis: Redis; state: RunState },
  executor: NodeExecutor,
  { retry = {}, ...times }: { retry?: Record<string, unknown>; announceAfterMs?: number; claimAfterMs?: number } = {},
) {
  const plan = planOf(retry);
  const context = {
    ...{ runId: newRunId(Date.now()), shard: 0, tenantId: newId(), appId: newId(), versionId: newId() },
    ...{ taskId: newId(), endUserId: newId(), user: 'u', traceId: 't', trace: {}, createdAtMs: Date.now() },
  };
  const claims = createClaims(state);
  const queued: NodeJob[] = [];
  const endings: DecidedRun[] = [];
  const quick = (type: string): NodeExecutor => ({
    ...{ type, pure: true, quick: true },
    execute: async () => succeeded(type),
  });
  const execute = createExecuteNode({
    ...{ state, claims, onError: fail, ...times },
    plans: { plan: async () => plan },
    queue: { add: async (jobs) => void queued.push(...jobs) },
    executors: new Map([quick('start'), quick('end'), executor].map((each) => [each.type, each])),
    finish: async (decided) => void endings.push(decided),
  });
  await state.start({
    ...{ context, epoch: 1, rootNode: plan.root.index, rootNodeId: plan.root.id, inputs: '{}' },
    ...{ startedEvent: '{"event":"workflow_started","data":{}}', deadlineMs: Date.now() + 60_000 },
    ...{
      maxSteps: 500,
      maxStreamedBytes: 1_000_000,
      maxValueBytes: 100_000_000,
      stream: '',
      chunkPrefix: '',
      values: [],
    },
  });
  const root: NodeJob = {
    ...{ v: 1, runId: context.runId, shard: 0, tenantId: context.tenantId, versionId: context.versionId },
    ...{ frame: 0, node: plan.root.index, attempt: 1, readyAtMs: Date.now() },
  };
  await execute(root, { jobId: 'root', again: false });
  const [job] = queued.splice(0);
  if (!job) throw new Error('the code node was not queued');

  /** Events of the code node. */
  const events = async (): Promise<Shown[]> =>
    ((await createRunEvents(redis).ranges([{ run: context }]))[0] ?? [])
      .map(({ event }) => JSON.parse(event) as Shown)
      .filter(({ data }) => data.node_id === 'node');
  const names = async (): Promise<string[]> =>
    (await events()).map(({ event, data }) => (event === 'node_started' ? event : `${event} ${data.status}`));
  const stored = (): Promise<string | null> => redis.hget(`{s0}:run:${context.runId}`, `n0.${job.node}`);
  return { context, claims, execute, job, queued, endings, events, names, stored };
}

export const delivered = { jobId: 'job', again: false };
export const redelivered = { jobId: 'job', again: true };

export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !(await condition());) {
    if (Date.now() > end) throw new Error('waited for too long');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
