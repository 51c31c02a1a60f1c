import { setTimeout as sleep } from 'node:timers/promises';
import {
  knowsFormat,
  OtherRelease,
  runCreatedAtMs,
  type NodeJob,
  type RunContext,
  type RunRef,
} from '@millrace/contracts';
import type { OverdueNode, ReconcilerAction, RecoveryView, UnfinishedRun } from './ports.js';
import { rebuildRun, type RebuildDeps } from './rebuild.js';

export interface ReconcileDeps extends RebuildDeps {
  view: RecoveryView;
  /** Id of this process, for the leader lease. */
  owner: string;
  /** Told of every repair. */
  onAction?: (action: ReconcilerAction, count: number) => void;
  onError: (error: Error) => void;
}

export interface Reconciler {
  /** One turn of all that the reconciler looks after. */
  tick(shard: number): Promise<void>;
  /**
   * Recovers a Redis that has restarted, and ends when it is recovered, by whomever. Call it whenever a connection is there
   * again, beside the turns: one of them may be waiting for the recovery.
   * @throws what reading the marker throws: the connection is gone again
   */
  recover(shard: number): Promise<void>;
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
/** Between two tries to recover a shard. */
const retryMs = 500;
/** So long a worker that found a run of another release leaves the lead to workers of that release. */
const standAsideMs = 30_000;

/**
 * Brings every accepted run to an end whatever died (R2). Every step is idempotent, so the leader
 * lease only saves work; what fails for one run is reported and keeps no other waiting (R3). Runs of a format
 * that only another release knows are left to it, and with them the lead (F2). Call `tick` every second or so for each shard.
 */
export function createReconciler(deps: ReconcileDeps): Reconciler {
  const { view, state, queue, store, finish, owner, onError, onAction = () => undefined } = deps;
  const lastScan = new Map<number, number>();
  let asideUntil = 0;

  /** Answers whether the work was done. */
  const step = async (work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof OtherRelease) {
        if (Date.now() < asideUntil) return false;
        asideUntil = Date.now() + standAsideMs;
      }
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
      if (!decided) return view.forget(run);
      await finish(decided);
      onAction('run_expired', 1);
    };
    await inBatches(() => view.overdueRuns(shard, batch), end);
  };

  const publishEndings = async (shard: number): Promise<void> => {
    const publish = async (run: RunRef): Promise<void> => {
      const decided = await state.decided(run);
      if (!decided) return view.forget(run);
      const laterEpoch = await finish(decided);
      // Whoever raised it died before Redis heard of it; the next turn ends the run.
      if (laterEpoch !== undefined) return view.raiseEpoch(run, laterEpoch);
      onAction('ending_published', 1);
    };
    await inBatches(() => view.unpublished(shard, scanEveryMs, batch), publish);
  };

  const queueOverdueNodes = async (shard: number): Promise<void> => {
    for (let turn = 0; turn < maxBatches; turn++) {
      const { nodes, more } = await view.overdueNodes(shard, batch, 15_000);
      const known = nodes.filter(({ format }) => knowsFormat(format));
      await queue.add(known.map((node) => jobOf(shard, node)));
      if (known.length > 0) onAction('node_requeued', known.length);
      const foreign = nodes.find(({ format }) => !knowsFormat(format));
      if (foreign) throw new OtherRelease(`The run ${foreign.context.runId}`);
      if (!more) return;
    }
  };

  /**
   * Walks the unfinished runs of Postgres: rebuilds those that Redis does not have, unless they are so young
   * that they may be on their way. Answers whether all went well.
   */
  const restoreMissing = async (shard: number, graceMs: number): Promise<boolean> => {
    const createdBeforeMs = Date.now() - graceMs;
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
        if (present[i]) return;
        await rebuildRun(deps, run);
        onAction('run_restored', 1);
      };
      const done = await Promise.all(runs.map((run, i) => step(() => restore(run, i))));
      allDone &&= !done.includes(false);
      after = runs.at(-1)?.context.runId;
      if (runs.length < batch) return allDone;
      await view.lead(shard, owner, leadMs);
    }
  };

  /** Lifts the unfinished runs that Redis has to a new epoch. Answers whether all went well. */
  const raiseEpochs = async (shard: number): Promise<boolean> => {
    let after: string | undefined;
    let allDone = true;
    for (;;) {
      const page = { shard, createdBeforeMs: Date.now(), limit: batch, ...(after === undefined ? {} : { after }) };
      const runs = (await store.unfinished(page)).map(({ context }) => context);
      const present = await view.present(runs);
      const epochs = await store.raiseEpoch(runs.filter((_, i) => present[i]));
      const raise = (run: RunContext): Promise<boolean> =>
        step(async () => {
          const epoch = epochs.get(run.runId);
          if (epoch === undefined) return;
          await view.raiseEpoch(run, epoch);
          onAction('epoch_raised', 1);
        });
      const done = await Promise.all(runs.map(raise));
      allDone &&= !done.includes(false);
      after = runs.at(-1)?.runId;
      if (runs.length < batch) return allDone;
      await view.lead(shard, owner, leadMs);
    }
  };

  /**
   * Ends here what has ended in Postgres: the last writes of such a run are lost, and nothing of it may happen again. Its
   * end comes under a later epoch, like all that follows a lost tail; where its events are archived, nobody needs it here.
   */
  const closeEnded = async (shard: number): Promise<boolean> => {
    const runIds = await view.underWay(shard);
    let allDone = true;
    for (let from = 0; from < runIds.length; from += batch) {
      const runs = await view.contexts(runIds.slice(from, from + batch).map((runId) => ({ runId, shard })));
      const ended = await store.ended(runs);
      const close = async (run: RunContext): Promise<void> => {
        const row = ended.get(run.runId);
        if (!row) return;
        if (row.archived) return view.drop(run);
        await view.raiseEpoch(run, row.epoch + 1);
        await view.close(run, 'failed', 'Its end was lost with the last writes of Redis.');
        onAction('epoch_raised', 1);
      };
      const done = await Promise.all(runs.map((run) => step(() => close(run))));
      allDone &&= !done.includes(false);
      await view.lead(shard, owner, leadMs);
    }
    return allDone;
  };

  /**
   * After a restart a tail may be missing: later events must not reuse ids that clients have seen. Until the
   * marker is set no transition runs (G2 of state), so what is rebuilt comes after it.
   */
  const recoverGeneration = async (shard: number): Promise<void> => {
    const generation = await view.generation(shard);
    if (generation === 'same' || !(await raiseEpochs(shard)) || !(await closeEnded(shard))) return;
    if (generation === 'restarted') await view.markGeneration(shard);
    // Marked only then where nothing was left: a failure is tried again.
    if ((await restoreMissing(shard, acceptMs)) && generation === 'lost') await view.markGeneration(shard);
  };

  const recovering = new Map<number, Promise<boolean>>();

  /** Once at a time: two at once would lift every run twice. */
  const recover = (shard: number): Promise<boolean> => {
    const running =
      recovering.get(shard) ??
      step(async () => {
        if (await view.lead(shard, owner, leadMs)) await recoverGeneration(shard);
      }).finally(() => recovering.delete(shard));
    recovering.set(shard, running);
    return running;
  };

  return {
    async recover(shard) {
      do await recover(shard);
      while ((await view.generation(shard)) !== 'same' && (await sleep(retryMs, true)));
    },
    async tick(shard) {
      await step(async () => {
        if (Date.now() < asideUntil || !(await view.lead(shard, owner, leadMs))) return;
        await recover(shard);
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

const jobOf = (shard: number, { address, attempt, token, predecessor, format, context }: OverdueNode): NodeJob => ({
  ...{ v: format, runId: context.runId, shard, tenantId: context.tenantId, versionId: context.versionId },
  ...{ ...address, attempt, overdueToken: token, readyAtMs: Date.now() },
  ...(predecessor === undefined ? {} : { predecessor }),
  ...(context.trace.traceparent === undefined ? {} : { traceparent: context.trace.traceparent }),
});
