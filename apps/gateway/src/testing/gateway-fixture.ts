import { newId } from '@millrace/contracts';
import { createClaims, createExecuteNode, createFinish, createPlans } from '@millrace/engine';
import { createFileLinks, createLocalStorage, defaultUploadLimits } from '@millrace/files';
import { createOutbound } from '@millrace/outbound';
import { createNodeQueue, createNodeWorker, createShardQueue } from '@millrace/queue';
import { connectRedis, createDoorbell, createRunState, onStops } from '@millrace/state';
import { createStore } from '@millrace/store';
import { createMetrics } from '@millrace/telemetry';
import { createDatabase, freshRedis } from '@millrace/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../app.js';
import { composeGateway, type GatewaySettings } from '../compose.js';
import { silentLog } from '../log.js';
import { serve } from '../server.js';
import { supportedNodeTypes } from '../supported-node-types.js';
import { createStubNodes } from './stub-nodes.js';

export const adminKey = 'test-admin-key-0123456789';

/** Postgres and Redis of a test file's own, and gateways and a worker with stub nodes on them. */
export async function startFixture() {
  const database = await createDatabase();
  const { url: redisUrl } = await freshRedis();
  const nodes = createStubNodes();
  const worker = await startStubWorker(database.url, redisUrl, nodes.executors);
  const gateways: Awaited<ReturnType<typeof startGateway>>[] = [];
  return {
    nodes,
    database,
    redisUrl,
    /** A further gateway on the same services. */
    async gateway(settings: TestSettings = {}) {
      const gateway = await startGateway(database.url, redisUrl, settings);
      gateways.push(gateway);
      return gateway;
    },
    async close() {
      for (const gateway of gateways) await gateway.close();
      await worker.close();
      await database.drop();
    },
  };
}

export type Fixture = Awaited<ReturnType<typeof startFixture>>;
export type TestGateway = Awaited<ReturnType<typeof startGateway>>;

/** Settings a test may choose; `graceMs` is that of the server. */
export type TestSettings = Partial<GatewaySettings> & { graceMs?: number };

const ignore = (): void => undefined;

/** A gateway in this process. */
export async function startGateway(
  databaseUrl: string,
  redisUrl: string,
  { graceMs = 20_000, ...settings }: TestSettings,
) {
  const store = createStore({ databaseUrl, secretKey: 'k'.repeat(32) });
  await store.tenants.ensureDefault();
  const redis = connectRedis(redisUrl, 'hasty', 'gateway');
  const subscriber = connectRedis(redisUrl, 'patient', 'gateway-doorbell');
  for (const connection of [redis, subscriber]) connection.on('error', ignore);
  const queues = [createShardQueue(redis, 0, ignore)];
  const doorbells = [createDoorbell(redis, subscriber, 0, newId(), ignore)];
  const outbound = createOutbound({ allowCidrs: ['127.0.0.0/8'] });
  const filesDir = await mkdtemp(join(tmpdir(), 'millrace-files-'));
  const storage = createLocalStorage(filesDir);
  const links = createFileLinks({ secretKey: 'k'.repeat(32) });
  const gateway = composeGateway(
    {
      store,
      redis,
      queues,
      doorbells,
      outbound,
      storage,
      links,
      metrics: createMetrics({ service: 'gateway' }),
      log: silentLog,
    },
    {
      serverVersion: 'test',
      adminKey,
      bodyLimitBytes: 1024 * 1024,
      blockingDeadlineMs: 20_000,
      limits: { maxRunMs: 60_000, maxSteps: 500, maxStreamedBytes: 1_000_000, maxValueBytes: 100_000_000 },
      uploads: defaultUploadLimits,
      workflowFileLimit: 10,
      ready: async () => {
        await Promise.all([store.ping(), redis.ping()]);
        return true;
      },
      ...settings,
    },
  );
  const server = await serve(createApp(gateway.deps), { port: 0, host: '127.0.0.1', relay: gateway.relay, graceMs });
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await server.stop();
    gateway.close();
    await outbound.close();
    await Promise.all(queues.map((queue) => queue.close()));
    redis.disconnect();
    subscriber.disconnect();
    await store.close();
    await rm(filesDir, { recursive: true, force: true });
  };
  return {
    ...{ store, redis, filesDir, relay: gateway.relay },
    url: `http://127.0.0.1:${server.port}`,
    close: () => (closed ??= close()),
  };
}

async function startStubWorker(
  databaseUrl: string,
  redisUrl: string,
  executors: ReturnType<typeof createStubNodes>['executors'],
) {
  const store = createStore({ databaseUrl, secretKey: 'k'.repeat(32) });
  const redis = connectRedis(redisUrl, 'patient', 'worker');
  const subscriber = connectRedis(redisUrl, 'patient', 'worker-stops');
  const state = createRunState(redis);
  const shardQueue = createShardQueue(redis, 0, ignore);
  const plans = createPlans(store.versions, supportedNodeTypes);
  const claims = createClaims(state);
  const finish = createFinish({ state, runs: store.runs, plans });
  const queue = createNodeQueue([shardQueue]);
  const links = createFileLinks({ secretKey: 'k'.repeat(32) });
  const execute = createExecuteNode({ state, queue, plans, executors, claims, finish, links, onError: ignore });
  onStops(subscriber, 0, (runId) => claims.abortRun(runId), ignore);
  const consumer = createNodeWorker({ redis, shard: 0, concurrency: 16, process: execute, onError: ignore });
  return {
    async close() {
      claims.abortAll();
      await consumer.close();
      await shardQueue.close();
      redis.disconnect();
      subscriber.disconnect();
      await store.close();
    },
  };
}
