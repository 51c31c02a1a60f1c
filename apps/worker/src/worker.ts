import type { Claims, ExecuteNode } from '@millrace/engine';
import type { NodeWorker } from '@millrace/queue';

export interface WorkerLoopDeps {
  claims: Claims;
  execute: ExecuteNode;
  /** Starts consuming one shard. */
  consume: (shard: number, process: ExecuteNode) => NodeWorker;
  reconcile: (shard: number) => Promise<void>;
  shards: number;
  leaseMs: number;
  onError: (error: Error) => void;
}

const renewEveryMs = 250;
const reconcileEveryMs = 2_000;
/** After this time of draining, nodes still running are handed back. */
const drainMs = 18_000;

export interface WorkerLoop {
  stop(): Promise<void>;
  /** Node jobs in hand. */
  slotsUsed(): number;
}

/** The worker's three loops: consume jobs, keep claims alive, reconcile. */
export function startWorker(deps: WorkerLoopDeps): WorkerLoop {
  const { claims, onError } = deps;
  const shards = Array.from({ length: deps.shards }, (_, shard) => shard);
  let slotsUsed = 0;
  const execute: ExecuteNode = async (job, delivery) => {
    slotsUsed++;
    try {
      await deps.execute(job, delivery);
    } finally {
      slotsUsed--;
    }
  };
  const consumers = shards.map((shard) => deps.consume(shard, execute));
  const renewing = every(
    renewEveryMs,
    () => (claims.size() > 0 ? claims.renew(deps.leaseMs) : Promise.resolve()),
    onError,
  );
  const reconciling = every(
    reconcileEveryMs,
    async () => {
      for (const shard of shards) await deps.reconcile(shard);
    },
    onError,
  );

  return {
    slotsUsed: () => slotsUsed,
    async stop() {
      const handBack = setTimeout(() => {
        claims.abortAll();
      }, drainMs);
      await Promise.all([reconciling.stop(), ...consumers.map((consumer) => consumer.close())]);
      clearTimeout(handBack);
      await renewing.stop();
    },
  };
}

/** Repeats `work`, never overlapping; a failure is reported and the next turn comes all the same. */
function every(ms: number, work: () => Promise<void>, onError: (error: Error) => void): { stop: () => Promise<void> } {
  let running = Promise.resolve();
  let busy = false;
  const turn = (): void => {
    if (busy) return;
    busy = true;
    running = work()
      .catch(onError)
      .finally(() => {
        busy = false;
      });
  };
  const timer = setInterval(turn, ms);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
