import { nodeJobId, type NodeJob, type NodeQueue } from '@millrace/contracts';
import { SpanKind, withStoreSpan } from '@millrace/telemetry';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { jobOptions, queueName, queuePrefix } from './options.js';

/** The producing side of one shard's queue of ready nodes. */
export interface ShardQueue extends NodeQueue {
  /** Waiting and delayed jobs, and the age of the oldest waiting one in milliseconds. */
  depth(): Promise<{ waiting: number; delayed: number; oldestMs: number }>;
  close(): Promise<void>;
}

const describe = (count: number) => ({
  name: `send ${queueName}`,
  kind: SpanKind.PRODUCER,
  attributes: {
    'messaging.system': 'bullmq',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': queueName,
    ...(count > 1 && { 'messaging.batch.message_count': count }),
  },
});

/**
 * @param redis shared connection: commands sent on it keep their order, so a job added right after a
 *   transition is queued after it
 */
export function createShardQueue(redis: Redis, shard: number, onError: (error: Error) => void): ShardQueue {
  const queue = new Queue<NodeJob>(queueName, {
    connection: redis,
    prefix: queuePrefix(shard),
    defaultJobOptions: jobOptions,
    // Nobody reads BullMQ's own event stream.
    streams: { events: { maxLen: 100 } },
    skipVersionCheck: true,
  });
  queue.on('error', onError);

  return {
    async add(jobs, { delayMs = 0, late = false } = {}) {
      const [first] = jobs;
      if (!first) return;
      const optionsFor = (job: NodeJob) => ({
        jobId: late ? `${nodeJobId(job)}-late` : nodeJobId(job),
        ...(delayMs > 0 ? { delay: delayMs } : {}),
      });
      const send = (): Promise<unknown> =>
        jobs.length === 1
          ? queue.add('node', first, optionsFor(first))
          : queue.addBulk(jobs.map((job) => ({ name: 'node', data: job, opts: optionsFor(job) })));
      await withStoreSpan(() => describe(jobs.length), send);
    },

    async depth() {
      const [counts, [oldest]] = await Promise.all([
        queue.getJobCounts('waiting', 'delayed'),
        queue.getJobs(['waiting'], 0, 0, true),
      ]);
      return {
        waiting: counts['waiting'] ?? 0,
        delayed: counts['delayed'] ?? 0,
        oldestMs: oldest ? Date.now() - oldest.timestamp : 0,
      };
    },

    close: () => queue.close(),
  };
}

/** The queue port over all shards. */
export function createNodeQueue(shards: readonly ShardQueue[]): NodeQueue {
  return {
    async add(jobs, options) {
      const byShard = Map.groupBy(jobs, (job) => job.shard);
      await Promise.all(
        [...byShard].map(([shard, group]) => {
          const queue = shards[shard];
          if (!queue) throw new Error(`shard ${shard} is not configured (MILLRACE_SHARDS is ${shards.length})`);
          return queue.add(group, options);
        }),
      );
    },
  };
}
