import { join } from 'node:path';
import {
  bigInteger,
  bytes,
  dataDirEnv,
  databaseEnv,
  duration,
  fileLinksEnv,
  integer,
  listenEnv,
  logEnv,
  metricsEnv,
  outboundEnv,
  parseEnv,
  redisEnv,
  secretKeyEnv,
  text,
} from '@millrace/config';
import { defaultCodeOutputLimits as defaults, type CodeOutputLimits } from '@millrace/nodes';
import type { CodeRunnerOptions } from '@millrace/sandbox';

const most = (value: number) => integer({ min: 1 }).default(value);

/** What outputs of code nodes may hold, named as Dify names it. */
const codeOutputEnv = {
  CODE_MAX_STRING_LENGTH: most(defaults.maxStringLength),
  CODE_MAX_NUMBER: bigInteger().default(defaults.maxNumber),
  CODE_MIN_NUMBER: bigInteger().default(defaults.minNumber),
  CODE_MAX_PRECISION: integer().default(defaults.maxPrecision),
  CODE_MAX_DEPTH: integer({ min: 1, max: 100 }).default(defaults.maxDepth),
  CODE_MAX_STRING_ARRAY_LENGTH: most(defaults.maxStringArrayLength),
  CODE_MAX_OBJECT_ARRAY_LENGTH: most(defaults.maxObjectArrayLength),
  CODE_MAX_NUMBER_ARRAY_LENGTH: most(defaults.maxNumberArrayLength),
};

/** The cage for users' code; limits are per run and interpreter. */
const codeRunnerEnv = {
  CODE_TIME_LIMIT: duration().default(15_000),
  CODE_PYTHON_MEMORY_LIMIT: bytes().default(256 * 1024 ** 2),
  CODE_JAVASCRIPT_MEMORY_LIMIT: bytes().default(128 * 1024 ** 2),
  CODE_OUTPUT_LIMIT: bytes().default(10 * 1024 ** 2),
  /** Runs of users' code at a time; more wait. */
  CODE_PYTHON_INTERPRETERS: integer({ min: 1, max: 256 }).default(5),
  CODE_JAVASCRIPT_INTERPRETERS: integer({ min: 1, max: 256 }).default(3),
  /** Folder of pure-Python wheels that code may import. */
  CODE_PYTHON_PACKAGES_DIR: text().optional(),
  /** Folder that keeps the started Python, without which a worker's first code node waits 3 s more. Default: `code` in the data directory. */
  CODE_CACHE_DIR: text().optional(),
};

export const workerEnv = {
  ...databaseEnv,
  ...redisEnv,
  ...listenEnv,
  ...logEnv,
  ...metricsEnv,
  ...secretKeyEnv,
  ...outboundEnv,
  ...dataDirEnv,
  ...fileLinksEnv,
  /** Node jobs run at a time, over all shards. */
  WORKER_CONCURRENCY: integer({ min: 1, max: 10_000 }).default(256),
  /** Time limit of one run. */
  MAX_EXECUTION_TIME: duration().default(1_200_000),
  /** Most node starts of one run. */
  MAX_EXECUTION_STEPS: integer({ min: 1 }).default(500),
  /** JSON file of model prices that win over the list prices (docs/models.md). */
  MODEL_PRICES_FILE: text().optional(),
  /** Bytes of files that are held in memory at a time; nodes that need more wait for others. */
  FILES_MEMORY_LIMIT: bytes().default(512 * 1024 ** 2),
  ...codeOutputEnv,
  ...codeRunnerEnv,
};

type Env = ReturnType<typeof parseEnv<typeof workerEnv>>;

export const readEnv = (): Env => parseEnv(workerEnv, process.env);

export const codeOutputLimits = (env: Env): CodeOutputLimits => ({
  maxStringLength: env.CODE_MAX_STRING_LENGTH,
  maxNumber: env.CODE_MAX_NUMBER,
  minNumber: env.CODE_MIN_NUMBER,
  maxPrecision: env.CODE_MAX_PRECISION,
  maxDepth: env.CODE_MAX_DEPTH,
  maxStringArrayLength: env.CODE_MAX_STRING_ARRAY_LENGTH,
  maxObjectArrayLength: env.CODE_MAX_OBJECT_ARRAY_LENGTH,
  maxNumberArrayLength: env.CODE_MAX_NUMBER_ARRAY_LENGTH,
});

export const codeRunnerOptions = (env: Env): CodeRunnerOptions => ({
  timeLimitMs: env.CODE_TIME_LIMIT,
  memoryLimitBytes: { python3: env.CODE_PYTHON_MEMORY_LIMIT, javascript: env.CODE_JAVASCRIPT_MEMORY_LIMIT },
  outputLimitBytes: env.CODE_OUTPUT_LIMIT,
  interpreters: { python3: env.CODE_PYTHON_INTERPRETERS, javascript: env.CODE_JAVASCRIPT_INTERPRETERS },
  packagesDir: env.CODE_PYTHON_PACKAGES_DIR,
  cacheDir: env.CODE_CACHE_DIR ?? join(env.MILLRACE_DATA_DIR, 'code'),
});

export const telemetrySource = (): Record<string, string | undefined> => process.env;
