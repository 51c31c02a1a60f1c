import { runCreatedAtMs, type RunContext, type RunRef } from '@millrace/contracts';
import type { RecoveryView, UnfinishedRun } from './ports.js';
import { rebuildRun, type RebuildDeps } from './rebuild.js';

export interface ReconcileDeps extends RebuildDeps {
  view: RecoveryView;
  /** Id of this process, for the leader lease. */
  owner: string;
  onError: (error: Error) => void;
}

const batch = 200;
/** Of one kind in one tick. */
const maxBatches = 25;
/** A run accepted this long ago without state in Redis was never started, or lost. */
const startGraceMs = 10_000;
/** An accept under way: its run may be in Postgres and not yet in Redis. */
const acceptMs = 3_000;
const scanEveryMs = 5_000;
const leadMs = 5_000;

/**
 * Brings every accepted run to an end whatever died (R2). Every step is idempotent, so the leader
 * lease only saves work; what fails for one run is reported and keeps no other waiting (R3). Call `tick`
 * every second or so for each shard.
 */
export function createReconciler(deps: ReconcileDeps): { tick(shard: number): Promise<void> } {
  const { view, state, queue, store, finish, owner, onError } = deps;
  const lastScan = new Map<number, number>();

  /** Answers whether the work was done. */
  const step = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  };

  /** A batch together, for endings are grouped in Postgres, and batch after batch while there is progress. */
  const inBatches = async (read: () => Promise<RunRef[]>, work: (run: RunRef) => Promise<void>): Promise<void> => {
    for (let turn = 0; turn < maxBatches; turn++) {
      const runs = await read();
      const done = await Promise.all(runs.map((run) => step(() => work(run))));
      if (runs.length < batch || !done.includes(true)) return;
    }
  };

  const endOverdueRuns = async (shard: number): Promise<void> => {
    const end = async (run: RunRef): Promise<void> => {
      const elapsedMs = Date.now() - (runCreatedAtMs(run.runId) ?? Date.now());
      const error = `Aborted: Maximum execution time exceeded: ${(elapsedMs / 1000).toFixed(2)}s > ${deps.limits.maxRunMs / 1000}s`;
      const { decided } = await state.decide({ ...run, status: 'failed', error });
      if (decided) await finish(decided);
      else await view.forget(run);
    };
    await inBatches(() => view.overdueRuns(shard, batch), end);
  };

  const publishEndings = async (shard: number): Promise<void> => {
    const publish = async (run: RunRef): Promise<void> => {
      const decided = await state.decided(run);
      if (decided) await finish(decided);
      else await view.forget(run);
    };
    await inBatches(() => view.unpublished(shard, scanEveryMs, batch), publish);
  };

  const queueOverdueNodes = async (shard: number): Promise<void> => {
    for (let turn = 0; turn < maxBatches; turn++) {
      const { nodes, more } = await view.overdueNodes(shard, batch, 15_000);
      await queue.add(
        nodes.map(({ address, attempt, predecessor, context }) => ({
          ...{ v: 1 as const, runId: context.runId, shard, tenantId: context.tenantId, versionId: context.versionId },
          ...{ ...address, attempt, readyAtMs: Date.now() },
          ...(predecessor === undefined ? {} : { predecessor }),
          ...(context.trace.traceparent === undefined ? {} : { traceparent: context.trace.traceparent }),
        })),
      );
      if (!more) return;
    }
  };

  /**
   * Walks the unfinished runs of Postgres: rebuilds those that Redis does not have, unless they are so young
   * that they may be on their way. Answers whether all went well.
   */
  const restoreMissing = async (
    shard: number,
    graceMs: number,
    eachPresent?: (run: RunContext) => Promise<void>,
  ): Promise<boolean> => {
    const createdBeforeMs = Date.now() - (eachPresent ? 0 : graceMs);
    let after: string | undefined;
    let allDone = true;
    for (;;) {
      const runs = await store.unfinished({
        shard,
        createdBeforeMs,
        limit: batch,
        ...(after === undefined ? {} : { after }),
      });
      const present = await view.present(runs.map((run) => run.context));
      const restore = async (run: UnfinishedRun, i: number): Promise<void> => {
        if (present[i]) await eachPresent?.(run.context);
        else if (run.context.createdAtMs < Date.now() - graceMs) await rebuildRun(deps, run);
      };
      const done = await Promise.all(runs.map((run, i) => step(() => restore(run, i))));
      allDone &&= !done.includes(false);
      after = runs.at(-1)?.context.runId;
      if (runs.length < batch) return allDone;
      await view.lead(shard, owner, leadMs);
    }
  };

  /** After a restart a tail may be missing: later events must not reuse ids that clients have seen. */
  const recoverGeneration = async (shard: number): Promise<void> => {
    if ((await view.generation(shard)) === 'same') return;
    const recovered = await restoreMissing(shard, acceptMs, async (run) => {
      const epoch = (await store.raiseEpoch([run])).get(run.runId);
      if (epoch !== undefined) await view.raiseEpoch(run, epoch);
    });
    if (recovered) await view.markGeneration(shard);
  };

  return {
    async tick(shard) {
      await step(async () => {
        if (!(await view.lead(shard, owner, leadMs))) return;
        await step(() => recoverGeneration(shard));
        await step(() => endOverdueRuns(shard));
        await step(() => publishEndings(shard));
        await step(() => queueOverdueNodes(shard));
        if (Date.now() - (lastScan.get(shard) ?? 0) < scanEveryMs) return;
        lastScan.set(shard, Date.now());
        await step(async () => {
          await restoreMissing(shard, startGraceMs);
        });
      });
    },
  };
}
