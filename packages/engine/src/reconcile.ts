import { runCreatedAtMs, type NodeAddress, type RunContext, type RunRef } from '@millrace/contracts';
import { rebuildRun, type RebuildDeps } from './rebuild.js';

/** Port to what the reconciler reads from Redis (implemented by `@millrace/state`). */
export interface RecoveryView {
  lead(shard: number, owner: string, leaseMs: number): Promise<boolean>;
  overdueNodes(shard: number, limit: number, postponeMs: number): Promise<OverdueNode[]>;
  overdueRuns(shard: number, limit: number): Promise<RunRef[]>;
  unpublished(shard: number, olderThanMs: number, limit: number): Promise<RunRef[]>;
  present(runs: RunRef[]): Promise<boolean[]>;
  generation(shard: number): Promise<'same' | 'restarted' | 'lost'>;
  markGeneration(shard: number): Promise<void>;
  raiseEpoch(run: RunRef, epoch: number): Promise<void>;
}

export interface OverdueNode {
  address: NodeAddress;
  attempt: number;
  context: RunContext;
}

export interface ReconcileDeps extends RebuildDeps {
  view: RecoveryView;
  /** Id of this process, for the leader lease. */
  owner: string;
  onError: (error: Error) => void;
}

const batch = 200;
/** A run accepted this long ago without state in Redis was never started, or lost. */
const startGraceMs = 10_000;

/**
 * Brings every accepted run to an end whatever died (R2). Every step is idempotent, so the leader
 * lease only saves work. Call `tick` every second or so for each shard.
 */
export function createReconciler(deps: ReconcileDeps): { tick(shard: number): Promise<void> } {
  const { view, state, queue, store, finish, owner, onError } = deps;
  const lastScan = new Map<number, number>();

  const step = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  };

  const endOverdueRuns = async (shard: number): Promise<void> => {
    for (const run of await view.overdueRuns(shard, batch)) {
      const elapsedMs = Date.now() - (runCreatedAtMs(run.runId) ?? Date.now());
      const error = `Aborted: Maximum execution time exceeded: ${(elapsedMs / 1000).toFixed(2)}s > ${deps.limits.maxRunMs / 1000}s`;
      const { decided } = await state.decide({ ...run, status: 'failed', error });
      if (decided) await finish(decided);
    }
  };

  const publishEndings = async (shard: number): Promise<void> => {
    for (const run of await view.unpublished(shard, 5_000, batch)) {
      const decided = await state.decided(run);
      if (decided) await finish(decided);
    }
  };

  const queueOverdueNodes = async (shard: number): Promise<void> => {
    const overdue = await view.overdueNodes(shard, batch, 15_000);
    await queue.add(
      overdue.map(({ address, attempt, context }) => ({
        ...{ v: 1 as const, runId: context.runId, shard, tenantId: context.tenantId, versionId: context.versionId },
        ...{ ...address, attempt, readyAtMs: Date.now() },
        ...(context.trace.traceparent === undefined ? {} : { traceparent: context.trace.traceparent }),
      })),
    );
  };

  /** Walks the unfinished runs of Postgres; rebuilds those that Redis does not have. */
  const restoreMissing = async (
    shard: number,
    olderThanMs: number,
    eachPresent?: (run: RunContext) => Promise<void>,
  ) => {
    let after: string | undefined;
    for (;;) {
      const runs = await store.unfinished({
        shard,
        createdBeforeMs: Date.now() - olderThanMs,
        limit: batch,
        ...(after === undefined ? {} : { after }),
      });
      const present = await view.present(runs.map((run) => run.context));
      for (const [i, run] of runs.entries()) {
        if (!present[i]) await step(() => rebuildRun(deps, run));
        else if (eachPresent) await step(() => eachPresent(run.context));
      }
      after = runs.at(-1)?.context.runId;
      if (runs.length < batch) return;
    }
  };

  /** After a restart a tail may be missing: later events must not reuse ids that clients have seen. */
  const recoverGeneration = async (shard: number): Promise<void> => {
    if ((await view.generation(shard)) === 'same') return;
    await restoreMissing(shard, 0, async (run) => {
      const epoch = (await store.raiseEpoch([run])).get(run.runId);
      if (epoch !== undefined) await view.raiseEpoch(run, epoch);
    });
    await view.markGeneration(shard);
  };

  return {
    async tick(shard) {
      await step(async () => {
        if (!(await view.lead(shard, owner, 5_000))) return;
        await step(() => recoverGeneration(shard));
        await step(() => endOverdueRuns(shard));
        await step(() => publishEndings(shard));
        await step(() => queueOverdueNodes(shard));
        if (Date.now() - (lastScan.get(shard) ?? 0) < 5_000) return;
        lastScan.set(shard, Date.now());
        await step(() => restoreMissing(shard, startGraceMs));
      });
    },
  };
}
