import { newId, nodeJobId, runFormat, type NodeJob } from '@millrace/contracts';
import { freshRedis } from '@millrace/testing';
import { Redis } from 'ioredis';
import { createShardQueue } from './node-queue.js';
import { createNodeWorker } from './node-worker.js';

let redis: Redis;
beforeEach(async () => {
  redis = new Redis((await freshRedis()).url, { maxRetriesPerRequest: null });
});
afterEach(() => {
  redis.disconnect();
});

const job: NodeJob = {
  ...{ v: runFormat.newest, runId: newId(), shard: 0, tenantId: newId(), versionId: newId() },
  ...{ frame: 0, node: 0, attempt: 1, readyAtMs: Date.now() },
};

/** What the check for stalled jobs does with a job whose lock ran out: its worker was frozen, or Redis was away. */
async function redeliver(id: string): Promise<void> {
  const key = (name: string): string => `{s0}:nodes:${name}`;
  await redis
    .multi()
    .del(key(`${id}:lock`))
    .lrem(key('active'), 1, id)
    .rpush(key('wait'), id)
    .zadd(key('marker'), 0, '0')
    .exec();
}

it('a job that comes back to the worker that still has it waits for it, instead of running beside it', async () => {
  const queue = createShardQueue(redis, 0, () => undefined);
  const calls: PromiseWithResolvers<undefined>[] = [];
  const again: boolean[] = [];
  const lost: string[] = [];
  const worker = createNodeWorker({
    ...{ redis, shard: 0, concurrency: 4 },
    process: async (_, delivery) => {
      const call = Promise.withResolvers<undefined>();
      calls.push(call);
      again.push(delivery.again);
      await call.promise;
    },
    onError: ({ message }) => lost.push(message),
  });
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const id = nodeJobId(job);
  const locked = async (): Promise<boolean> => (await redis.exists(`{s0}:nodes:${id}:lock`)) === 1;
  try {
    await queue.add([job]);
    await until(() => calls.length === 1);
    await redeliver(id);
    await until(locked);
    await queue.add([{ ...job, node: 1 }]);
    await until(() => calls.length === 2);
    calls[1]?.resolve(undefined);
    // Another job went through meanwhile; this one still runs once.
    expect(calls).toHaveLength(2);
    calls[0]?.resolve(undefined);
    await until(() => calls.length === 3);
    expect(again).toEqual([false, false, true]);
    calls[2]?.resolve(undefined);
    await until(async () => (await redis.exists(`{s0}:nodes:${id}`)) === 0);
  } finally {
    await worker.close();
    await queue.close();
  }
});
