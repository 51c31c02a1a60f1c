import { readFile } from 'node:fs/promises';
import { newId } from '@millrace/contracts';
import { createClaims, createExecuteNode, createFinish, createPlans, createReconciler } from '@millrace/engine';
import { createFileAccess, createFileLinks, createLocalStorage } from '@millrace/files';
import { createModels, parsePrices } from '@millrace/models';
import { createNodeExecutors, supportedNodeTypes } from '@millrace/nodes';
import { createOutbound, outboundOptions } from '@millrace/outbound';
import { createNodeQueue, createNodeWorker, createShardQueue } from '@millrace/queue';
import { createCodeRunner } from '@millrace/sandbox';
import { connectRedis, createRecovery, createRunState, inspectRedis, onStops, redisFindings } from '@millrace/state';
import { createStore } from '@millrace/store';
import { checkStart, createLogger, createMetrics, observePool, serveHealth, startTelemetry } from '@millrace/telemetry';
import { resolve } from 'node:path';
import { codeOutputLimits, codeRunnerOptions, readEnv, responseLimits, telemetrySource } from './env.js';
import {
  createCodeMetrics,
  createReconcilerMetrics,
  createWorkerMetrics,
  observeCode,
  observeSlots,
} from './metrics.js';
import { observeModels } from './model-metrics.js';
import { namingOutages } from './outages.js';
import { startWorker } from './worker.js';

const leaseMs = 10_000;

const env = readEnv();
const logger = createLogger({ service: 'worker', level: env.LOG_LEVEL });
const onError = (error: unknown): void => {
  logger.error({ err: error }, 'worker error');
};
const telemetry = await startTelemetry({ service: 'millrace-worker', env: telemetrySource(), onError });
const metrics = createMetrics({ service: 'worker' });

const store = createStore({
  databaseUrl: env.DATABASE_URL,
  secretKey: env.MILLRACE_SECRET_KEY,
  olderSecretKeys: env.MILLRACE_SECRET_KEY_PREVIOUS,
  poolSize: 10,
});
// One connection for transitions and the queue, so that a job is added after the transition that made it ready.
const redis = connectRedis(env.REDIS_URL, 'patient', 'worker');
const subscriber = connectRedis(env.REDIS_URL, 'patient', 'worker-stops');
for (const connection of [redis, subscriber]) connection.on('error', onError);

const state = createRunState(redis, { shards: env.MILLRACE_SHARDS });
const shardQueues = Array.from({ length: env.MILLRACE_SHARDS }, (_, shard) => createShardQueue(redis, shard, onError));
const queue = createNodeQueue(shardQueues);
const plans = createPlans(store.versions, supportedNodeTypes);
const outbound = createOutbound(outboundOptions(env));
const prices = env.MODEL_PRICES_FILE === undefined ? {} : parsePrices(await readFile(env.MODEL_PRICES_FILE, 'utf8'));
const invoker = createModels({
  ...{ outbound, prices },
  credentials: namingOutages({
    credentials: (tenantId, provider) => store.credentials.credentials(tenantId, provider),
  }),
});
const models = observeModels(invoker, metrics);
const storage = createLocalStorage(resolve(env.MILLRACE_DATA_DIR, 'files'));
const links = createFileLinks({
  secretKey: env.MILLRACE_SECRET_KEY,
  olderSecretKeys: env.MILLRACE_SECRET_KEY_PREVIOUS,
  lifetimeSeconds: env.FILES_ACCESS_TIMEOUT,
});
const files = createFileAccess({
  ...{ storage, outbound, memoryBytes: env.FILES_MEMORY_LIMIT },
  catalogue: namingOutages({
    findOwned: (owner, ids) => store.files.findOwned(owner, ids),
    insert: (file) => store.files.insert(file),
  }),
});
const code = createCodeRunner({ ...codeRunnerOptions(env), onError, observer: createCodeMetrics(metrics) });
// Where an operator keeps the started Python it is ready in a moment; elsewhere the first code node is soon enough.
if (env.CODE_CACHE_DIR !== undefined) void code.start();
const executors = createNodeExecutors({
  ...{ outbound, models, files, code },
  codeOutputLimits: codeOutputLimits(env),
  responseLimits: responseLimits(env),
});
const claims = createClaims(state);
const observer = createWorkerMetrics(metrics, { maxTenants: env.METRICS_TENANTS });
const finish = createFinish({ state, runs: store.runs, plans, observer });
const execute = createExecuteNode({
  state,
  queue,
  plans,
  executors,
  claims,
  finish,
  links,
  observer,
  onError,
  leaseMs,
});
const reconciler = createReconciler({
  ...{ state, queue, plans, finish, onError },
  view: createRecovery(redis),
  runs: store.runs,
  store: {
    unfinished: (query) => store.runs.unfinished(query),
    ended: (runs) => store.runs.ended(runs),
    raiseEpoch: (runs) => store.runs.raiseEpoch(runs),
    recordedNodes: (tenantId, runId) => store.nodeExecutions.listForRun(tenantId, runId),
  },
  limits: {
    maxRunMs: env.MAX_EXECUTION_TIME,
    maxSteps: env.MAX_EXECUTION_STEPS,
    maxStreamedBytes: env.MAX_STREAMED_TEXT,
    maxValueBytes: env.MAX_RUN_SIZE,
  },
  owner: newId(),
  onAction: createReconcilerMetrics(metrics),
});

const slotsPerShard = Math.max(1, Math.ceil(env.WORKER_CONCURRENCY / env.MILLRACE_SHARDS));
const stopping = new AbortController();
let worker: ReturnType<typeof startWorker> | undefined;
observeSlots(metrics, slotsPerShard * env.MILLRACE_SHARDS, () => worker?.slotsUsed() ?? 0);
observeCode(metrics, () => code.use());
observePool(metrics, () => store.connections());
const health =
  env.PORT === undefined
    ? undefined
    : await serveHealth({
        port: env.PORT,
        host: env.HOST,
        metrics,
        ready: async () => {
          await Promise.all([store.ping(), redis.ping()]);
          return worker !== undefined;
        },
      });

const stop = async (signal: string): Promise<void> => {
  if (stopping.signal.aborted) return;
  stopping.abort();
  logger.info({ signal }, 'worker stopping');
  // Whatever hangs (an outage, a stuck node), the process is gone in time; its jobs are redelivered.
  setTimeout(() => process.exit(1), 28_000).unref();
  await worker?.stop();
  await code.close();
  await health?.close();
  await Promise.all(shardQueues.map((shard) => shard.close()));
  redis.disconnect();
  subscriber.disconnect();
  await store.close();
  await telemetry.shutdown();
  process.exit(0);
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stop(signal).catch((error: unknown) => {
      onError(error);
      process.exit(1);
    });
  });
}

await checkStart({
  looks: [
    async () => redisFindings(await inspectRedis(redis)),
    () => store.inspection.findings(),
    () => store.secretCheck.findings(),
  ],
  ...{ allow: env.MILLRACE_ALLOW_UNSAFE, onTrouble: onError, signal: stopping.signal },
}).catch((error: unknown) => {
  logger.fatal(`worker does not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
if (!stopping.signal.aborted) work();

/** Begins to take jobs. */
function work(): void {
  for (let shard = 0; shard < env.MILLRACE_SHARDS; shard++) {
    onStops(
      subscriber,
      shard,
      (runId) => {
        claims.abortRun(runId);
      },
      onError,
    );
  }
  worker = startWorker({
    ...{ claims, execute, leaseMs, onError },
    shards: env.MILLRACE_SHARDS,
    consume: (shard, process) => createNodeWorker({ redis, shard, concurrency: slotsPerShard, process, onError }),
    reconcile: (shard) => reconciler.tick(shard),
  });
  logger.info({ concurrency: env.WORKER_CONCURRENCY, shards: env.MILLRACE_SHARDS }, 'worker ready');

  // After an outage a tail of the data may be missing: nothing is written on top of it before it is recovered.
  const recover = (): void => {
    for (let shard = 0; shard < env.MILLRACE_SHARDS; shard++) reconciler.recover(shard).catch(onError);
  };
  redis.on('ready', recover);
  recover();
}
