import {
  databaseEnv,
  duration,
  integer,
  listenEnv,
  logEnv,
  outboundEnv,
  parseEnv,
  redisEnv,
  secretKeyEnv,
} from '@millrace/config';

export const workerEnv = {
  ...databaseEnv,
  ...redisEnv,
  ...listenEnv,
  ...logEnv,
  ...secretKeyEnv,
  ...outboundEnv,
  /** Node jobs run at a time, over all shards. */
  WORKER_CONCURRENCY: integer({ min: 1, max: 10_000 }).default(64),
  /** Time limit of one run. */
  MAX_EXECUTION_TIME: duration().default(1_200_000),
  /** Most node starts of one run. */
  MAX_EXECUTION_STEPS: integer({ min: 1 }).default(500),
};

export const readEnv = (): ReturnType<typeof parseEnv<typeof workerEnv>> => parseEnv(workerEnv, process.env);

export const telemetrySource = (): Record<string, string | undefined> => process.env;
