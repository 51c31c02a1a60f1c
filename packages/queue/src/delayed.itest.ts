import { newId, runFormat } from '@millrace/contracts';
import { freshRedis } from '@millrace/testing';
import { Redis } from 'ioredis';
import { createShardQueue } from './node-queue.js';
import { createNodeWorker } from './node-worker.js';

let redis: Redis;
let monitor: Redis;
beforeEach(async () => {
  redis = new Redis((await freshRedis()).url, { maxRetriesPerRequest: null });
  monitor = await redis.duplicate().monitor();
});
afterEach(() => {
  monitor.disconnect();
  redis.disconnect();
});

const fail = (error: Error): void => {
  throw error;
};

it('waits for a delayed job to the millisecond, not to the next whole second', async () => {
  const waits = new Set<number>();
  const partOfASecond = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, [command, , seconds]: string[]) => {
      if (command?.toLowerCase() !== 'bzpopmin') return;
      waits.add(Number(seconds));
      if (Number(seconds) % 1 !== 0 || Number(seconds) === 6) resolve();
    });
  });
  const queue = createShardQueue(redis, 0, fail);
  const worker = createNodeWorker({ redis, shard: 0, concurrency: 1, process: async () => undefined, onError: fail });
  try {
    const ids = { runId: newId(), tenantId: newId(), versionId: newId() };
    const job = { v: runFormat.newest, shard: 0, ...ids, frame: 0, node: 0, attempt: 1, readyAtMs: Date.now() };
    await queue.add([job], { delayMs: 5500 });
    await partOfASecond;
    expect([...waits]).not.toContain(6);
  } finally {
    await worker.close();
    await queue.close();
  }
});
