import { newRunId, type RunRef } from '@millrace/contracts';
import { connectRedis, createRunEvents, shardPrefix } from '@millrace/state';
import { freshRedis } from '@millrace/testing';
import { eventSourceSuite } from '../testing/event-source-suite.js';

eventSourceSuite('event streams in Redis', async () => {
  const { url } = await freshRedis();
  const redis = connectRedis(url, 'patient', 'test');
  return {
    source: createRunEvents(redis),
    append: async (run: RunRef, id: string, event: string) => {
      await redis.xadd(`${shardPrefix(run.shard)}:run:${run.runId}:events`, id, 'e', event);
    },
    run: () => ({ runId: newRunId(Date.now()), shard: 0 }),
    close: () => Promise.resolve(redis.disconnect()),
  };
});
