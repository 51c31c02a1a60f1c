import { knowsFormat, nodeJob, OtherRelease, type NodeJob } from '@millrace/contracts';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { createOneAtATime } from './one-at-a-time.js';
import { leaveNothing, lockMs, queueName, queuePrefix, stalledCheckMs } from './options.js';

export interface NodeWorkerOptions {
  redis: Redis;
  shard: number;
  /** Jobs run at a time. */
  concurrency: number;
  /** Executes one job, `jobId` says which delivery of it. A rejection means "try again later", never a user's error. */
  process: (job: NodeJob, delivery: { jobId: string; again: boolean }) => Promise<void>;
  onError: (error: Error) => void;
}

export interface NodeWorker {
  /** Stops taking jobs and resolves when those in hand are done. */
  close(): Promise<void>;
}

export function createNodeWorker({ redis, shard, concurrency, process, onError }: NodeWorkerOptions): NodeWorker {
  const oneAtATime = createOneAtATime();
  const worker = new Worker<NodeJob>(
    queueName,
    async (job) => {
      // Thrown, and so tried again in a second (Q2), here or by a worker that knows it.
      if (!knowsFormat(job.data.v)) throw new OtherRelease(`The job ${job.id ?? ''} of format ${job.data.v}`);
      const again = job.attemptsStarted > 1 || job.stalledCounter > 0;
      const jobId = job.id ?? '';
      // One whose lock ran out under it (this process was frozen, Redis was away) comes back, also to whoever still has it.
      const delivery = { jobId: `${jobId}#${job.attemptsStarted}`, again };
      await oneAtATime(jobId, () => process(nodeJob.parse(job.data), delivery));
    },
    {
      connection: redis,
      prefix: queuePrefix(shard),
      concurrency,
      lockDuration: lockMs,
      stalledInterval: stalledCheckMs,
      // Crashes are counted by the run state, which can say why a node is given up.
      maxStalledCount: 1_000_000,
      ...leaveNothing,
    },
  );
  worker.on('error', onError);
  reportOtherRelease(worker, onError);
  return { close: () => worker.close() };
}

const reportEveryMs = 60_000;

/** Jobs of another release come back every second: one of them in a minute is told. */
function reportOtherRelease(worker: Worker<NodeJob>, onError: (error: Error) => void): void {
  let reportedAt = -Infinity;
  worker.on('failed', (_, error) => {
    if (!(error instanceof OtherRelease) || performance.now() - reportedAt < reportEveryMs) return;
    reportedAt = performance.now();
    onError(error);
  });
}
