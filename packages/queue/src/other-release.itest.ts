import { newId, runFormat, type NodeJob } from '@millrace/contracts';
import { freshRedis } from '@millrace/testing';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createShardQueue } from './node-queue.js';
import { createNodeWorker } from './node-worker.js';
import { queueName, queuePrefix } from './options.js';

const { newest } = runFormat;
let redis: Redis;
beforeEach(async () => {
  redis = new Redis((await freshRedis()).url, { maxRetriesPerRequest: null });
});
afterEach(() => {
  runFormat.newest = newest;
  redis.disconnect();
});

const fail = (error: Error): void => {
  throw error;
};
const jobOf = (v: number): NodeJob => ({
  ...{ v, runId: newId(), shard: 0, tenantId: newId(), versionId: newId() },
  ...{ frame: 0, node: 0, attempt: 1, readyAtMs: Date.now() },
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

it('leaves jobs of a newer format for a worker that knows it, also when their shape is another (F2)', async () => {
  const bull = new Queue(queueName, { connection: redis, prefix: queuePrefix(0), skipVersionCheck: true });
  const queue = createShardQueue(redis, 0, fail);
  const run: NodeJob[] = [];
  const told: Error[] = [];
  const worker = createNodeWorker({
    ...{ redis, shard: 0, concurrency: 4 },
    process: async (job) => void run.push(job),
    onError: (error) => told.push(error),
  });
  try {
    const next = { v: newest + 1, somethingElse: true };
    const older = jobOf(newest);
    // Straight into the queue: the next release may name and shape its jobs as it likes.
    const added = await bull.add('node', next, {
      jobId: 'next',
      attempts: 1_000_000,
      backoff: { type: 'fixed', delay: 200 },
    });
    await queue.add([older]);
    await until(async () => run.length === 1 && ((await bull.getJob('next'))?.attemptsStarted ?? 0) >= 3);
    expect(run).toEqual([older]);
    expect(['delayed', 'waiting', 'active']).toContain(await added.getState());
    expect(told.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^The job next of format 2 belongs to another release of Millrace and is left to it/),
    ]);

    // The same worker, one release on.
    runFormat.newest = newest + 1;
    const another = { ...jobOf(newest + 1) };
    await queue.add([another]);
    await until(() => run.length === 2);
    expect(run[1]).toEqual(another);
  } finally {
    await worker.close();
    await queue.close();
    await bull.close();
  }
});
