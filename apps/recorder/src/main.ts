import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { createLocalStorage, sweepFiles } from '@millrace/files';
import { checkStart, createLogger, createMetrics, observePool, serveHealth, startTelemetry } from '@millrace/telemetry';
import { connectRedis, createLedger, createRunEvents, inspectRedis, redisFindings } from '@millrace/state';
import { createStore } from '@millrace/store';
import { pause } from './backoff.js';
import { consumerName, readEnv, shownEnv, telemetryEnv } from './env.js';
import { createRecorderMetrics } from './metrics.js';
import type { History } from './ports.js';
import { runRecorder } from './recorder.js';
import { runUpkeep } from './upkeep.js';

/** A shutdown waits this long for the batch in hand; what is left unacknowledged comes back. */
const shutdownMs = 8000;
/** History can wait for a busy database longer than a caller can. */
const storeTimeoutMs = 20_000;

const env = readEnv();
const log = createLogger({ service: 'recorder', level: env.LOG_LEVEL });
const onError = (error: unknown): void => log.warn({ err: error }, 'connection trouble');
const telemetry = await startTelemetry({ service: 'millrace-recorder', env: telemetryEnv, onError });
const metrics = createMetrics({ service: 'recorder' });

const store = createStore({
  databaseUrl: env.DATABASE_URL,
  // The recorder opens no secret, so it is not given the key.
  secretKey: randomBytes(32).toString('hex'),
  poolSize: 4,
  timeoutMs: storeTimeoutMs,
  onConnectionError: onError,
});
const redis = connectRedis(env.REDIS_URL, 'patient', 'recorder');
const shards = Array.from({ length: env.MILLRACE_SHARDS }, (_, shard) => {
  const blocking = connectRedis(env.REDIS_URL, 'patient', `recorder-read-${shard}`);
  return { shard, blocking, ledger: createLedger(blocking, redis, shard, { consumer: consumerName }) };
});
for (const connection of [redis, ...shards.map(({ blocking }) => blocking)]) connection.on('error', onError);

const history: History = {
  recordNodes: (entries) => store.nodeExecutions.record(entries),
  saveArchives: (runs) => store.archives.save(runs),
};
const events = createRunEvents(redis);
const recorderMetrics = createRecorderMetrics(metrics);
observePool(metrics, () => store.connections());

const storage = createLocalStorage(resolve(env.MILLRACE_DATA_DIR, 'files'));
const fileRetention = { uploadDays: env.FILE_RETENTION_DAYS, toolFileDays: env.RUN_RETENTION_DAYS };

const stopping = new AbortController();
/** Begins to record; nothing before the start checks. */
const startWork = (): Promise<void>[] => [
  ...shards.map(({ shard, ledger }) =>
    runRecorder({ shard, ledger, events, history, metrics: recorderMetrics, log }, stopping.signal),
  ),
  runUpkeep(
    {
      partitions: store.partitions,
      sweepFiles: (nowMs) => sweepFiles({ storage, catalogue: store.files, ...fileRetention, nowMs }),
      retentionDays: env.RUN_RETENTION_DAYS,
      log,
      pause,
      now: Date.now,
    },
    stopping.signal,
  ),
];
let work: Promise<void>[] = [];
const health =
  env.PORT === undefined
    ? undefined
    : await serveHealth({
        port: env.PORT,
        host: env.HOST,
        metrics,
        ready: async () => {
          await Promise.all([store.ping(), redis.ping()]);
          return work.length > 0;
        },
      });
async function stop(signal: string): Promise<void> {
  log.info({ signal }, 'recorder stopping');
  setTimeout(() => process.exit(0), shutdownMs).unref();
  stopping.abort();
  await Promise.all(work);
  await health?.close();
  redis.disconnect();
  for (const { blocking } of shards) blocking.disconnect();
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

// It opens no secret, so the secret key is no matter of it.
await checkStart({
  looks: [async () => redisFindings(await inspectRedis(redis)), () => store.inspection.findings()],
  ...{ allow: env.MILLRACE_ALLOW_UNSAFE, onTrouble: onError, signal: stopping.signal },
}).catch((error: unknown) => {
  log.fatal(`recorder does not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
if (!stopping.signal.aborted) {
  work = startWork();
  log.info({ env: shownEnv(env) }, 'recorder ready');
}
