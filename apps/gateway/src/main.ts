import { newId } from '@millrace/contracts';
import { createFileLinks, createLocalStorage } from '@millrace/files';
import { createOutbound, outboundOptions } from '@millrace/outbound';
import { createShardQueue } from '@millrace/queue';
import { connectRedis, createDoorbell, inspectRedis, redisFindings } from '@millrace/state';
import { createStore } from '@millrace/store';
import { checkStart, createLogger, createMetrics, startTelemetry } from '@millrace/telemetry';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createApp } from './app.js';
import { composeGateway } from './compose.js';
import { readEnv, shownEnv, telemetryEnv, uploadLimits } from './env.js';
import { serve } from './server.js';
import { serverVersion } from './version.js';

/** Whatever hangs, the process is gone within 30 s of a signal. */
const shutdownMs = 28_000;
/** So long a start waits for Postgres and Redis before it listens without them. */
const firstLookMs = 2000;

const env = readEnv();
const log = createLogger({ service: 'gateway', level: env.LOG_LEVEL });
const onError = (error: unknown): void => log.warn({ err: error }, 'connection trouble');
const telemetry = await startTelemetry({ service: 'millrace-gateway', env: telemetryEnv(), onError });
const metrics = createMetrics({ service: 'gateway' });

const store = createStore({
  databaseUrl: env.DATABASE_URL,
  secretKey: env.MILLRACE_SECRET_KEY,
  olderSecretKeys: env.MILLRACE_SECRET_KEY_PREVIOUS,
  poolSize: env.DATABASE_POOL_SIZE,
  onConnectionError: onError,
});
// One connection for transitions and the queue: a run's job is queued right after its start.
const redis = connectRedis(env.REDIS_URL, 'hasty', 'gateway');
// Patient: nobody waits for a subscription, and it must come back by itself.
const subscriber = connectRedis(env.REDIS_URL, 'patient', 'gateway-doorbell');
for (const connection of [redis, subscriber]) connection.on('error', onError);
const gatewayId = newId();
const shards = Array.from({ length: env.MILLRACE_SHARDS }, (_, shard) => shard);
const queues = shards.map((shard) => createShardQueue(redis, shard, onError));
const doorbells = shards.map((shard) => createDoorbell(redis, subscriber, shard, gatewayId, onError));

const outbound = createOutbound(outboundOptions(env));
const links = createFileLinks({
  secretKey: env.MILLRACE_SECRET_KEY,
  olderSecretKeys: env.MILLRACE_SECRET_KEY_PREVIOUS,
  lifetimeSeconds: env.FILES_ACCESS_TIMEOUT,
});
const storage = createLocalStorage(resolve(env.MILLRACE_DATA_DIR, 'files'));

let isPrepared = false;
const stopping = new AbortController();

const gateway = composeGateway(
  { store, redis, queues, doorbells, outbound, storage, links, metrics, log },
  {
    serverVersion,
    adminKey: env.MILLRACE_ADMIN_KEY,
    bodyLimitBytes: env.HTTP_BODY_LIMIT,
    blockingDeadlineMs: env.BLOCKING_DEADLINE_MS,
    limits: {
      maxRunMs: env.MAX_EXECUTION_TIME,
      maxSteps: env.MAX_EXECUTION_STEPS,
      maxStreamedBytes: env.MAX_STREAMED_TEXT,
      maxValueBytes: env.MAX_RUN_SIZE,
    },
    uploads: uploadLimits(env),
    metricsTenants: env.METRICS_TENANTS,
    workflowFileLimit: env.WORKFLOW_FILE_UPLOAD_LIMIT,
    filesUrl: env.FILES_URL,
    ready: async () => {
      await Promise.all([store.ping(), redis.ping()]);
      return isPrepared;
    },
  },
);

async function prepare(): Promise<void> {
  await checkStart({
    looks: [
      async () => redisFindings(await inspectRedis(redis)),
      () => store.inspection.findings(),
      () => store.secretCheck.findings(),
      // The default tenant must exist before the admin key can act on it.
      async () => {
        await store.tenants.ensureDefault();
        return [];
      },
    ],
    ...{ allow: env.MILLRACE_ALLOW_UNSAFE, onTrouble: onError, signal: stopping.signal },
  });
  isPrepared = !stopping.signal.aborted;
}

const preparing = prepare().catch((error: unknown) => {
  log.fatal(`gateway does not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
await Promise.race([preparing, pause(firstLookMs, undefined, { ref: false })]);

const server = await serve(createApp(gateway.deps), { port: env.PORT, host: env.HOST, relay: gateway.relay }).catch(
  (error: unknown) => {
    log.error({ err: error }, `cannot listen at ${env.HOST}:${env.PORT}`);
    process.exit(1);
  },
);
log.info({ env: shownEnv(env), port: server.port }, 'gateway listens');

async function stop(signal: string): Promise<void> {
  stopping.abort();
  log.info({ signal }, 'gateway stopping');
  setTimeout(() => process.exit(0), shutdownMs).unref();
  await server.stop();
  gateway.close();
  await outbound.close();
  await Promise.all(queues.map((queue) => queue.close()));
  redis.disconnect();
  subscriber.disconnect();
  await store.close();
  await telemetry.shutdown();
  process.exit(0);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    stop(signal).catch((error: unknown) => {
      log.error({ err: error }, 'shutdown failed');
      process.exit(1);
    });
  });
}
