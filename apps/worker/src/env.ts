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
  runLimitsEnv,
  secretKeyEnv,
  startCheckEnv,
  text,
  tracingEnv,
} from '@millrace/config';
import {
  defaultCodeOutputLimits as defaults,
  defaultResponseLimits as responseDefaults,
  type CodeOutputLimits,
  type ResponseLimits,
} from '@millrace/nodes';
import type { CodeRunnerOptions } from '@millrace/sandbox';

const most = (value: number, meaning: string) => integer({ min: 1 }).default(value).describe(`${meaning}, as in Dify.`);

/** What outputs of code nodes may hold, named as Dify names it. */
const codeOutputEnv = {
  CODE_MAX_STRING_LENGTH: most(defaults.maxStringLength, 'Longest string in outputs of code'),
  CODE_MAX_NUMBER: bigInteger().default(defaults.maxNumber).describe('Largest number in outputs of code, as in Dify.'),
  CODE_MIN_NUMBER: bigInteger().default(defaults.minNumber).describe('Smallest number in outputs of code, as in Dify.'),
  CODE_MAX_PRECISION: integer()
    .default(defaults.maxPrecision)
    .describe('Most decimals in outputs of code, as in Dify.'),
  CODE_MAX_DEPTH: integer({ min: 1, max: 100 })
    .default(defaults.maxDepth)
    .describe('Deepest object in outputs of code, as in Dify.'),
  CODE_MAX_STRING_ARRAY_LENGTH: most(defaults.maxStringArrayLength, 'Longest array of strings in outputs of code'),
  CODE_MAX_OBJECT_ARRAY_LENGTH: most(defaults.maxObjectArrayLength, 'Longest array of objects in outputs of code'),
  CODE_MAX_NUMBER_ARRAY_LENGTH: most(defaults.maxNumberArrayLength, 'Longest array of numbers in outputs of code'),
};

/** What responses of HTTP nodes may hold, named as Dify names it. */
const responseSize = (value: number, meaning: string) =>
  bytes().default(value).describe(`${meaning} that an HTTP node takes, as in Dify.`);
const httpResponseEnv = {
  HTTP_REQUEST_NODE_MAX_TEXT_SIZE: responseSize(responseDefaults.maxTextBytes, 'Longest text'),
  HTTP_REQUEST_NODE_MAX_BINARY_SIZE: responseSize(responseDefaults.maxFileBytes, 'Largest file'),
};

/** The cage for users' code; limits are per run and interpreter. */
const codeRunnerEnv = {
  CODE_TIME_LIMIT: duration().default(15_000).describe('Time limit of one run of a code node.'),
  CODE_PYTHON_MEMORY_LIMIT: bytes()
    .default(256 * 1024 ** 2)
    .describe('Memory of one Python interpreter.'),
  CODE_JAVASCRIPT_MEMORY_LIMIT: bytes()
    .default(128 * 1024 ** 2)
    .describe('Memory of one JavaScript interpreter.'),
  CODE_OUTPUT_LIMIT: bytes()
    .default(10 * 1024 ** 2)
    .describe('Largest result of a code node.'),
  CODE_PYTHON_INTERPRETERS: integer({ min: 1, max: 256 }).default(5).describe('Runs of Python at a time; more wait.'),
  CODE_JAVASCRIPT_INTERPRETERS: integer({ min: 1, max: 256 })
    .default(3)
    .describe('Runs of JavaScript at a time; more wait.'),
  CODE_PYTHON_PACKAGES_DIR: text().optional().describe('Folder of pure-Python wheels that code may import.'),
  CODE_CACHE_DIR: text()
    .optional()
    .describe(
      "Folder that keeps the started Python, without which a worker's first code node waits 3 s more. Unset: `code` in the data directory.",
    ),
};

export const workerEnv = {
  ...databaseEnv,
  ...redisEnv,
  ...listenEnv,
  ...logEnv,
  ...tracingEnv,
  ...metricsEnv,
  ...secretKeyEnv,
  ...startCheckEnv,
  ...outboundEnv,
  ...dataDirEnv,
  ...fileLinksEnv,
  ...runLimitsEnv,
  WORKER_CONCURRENCY: integer({ min: 1, max: 10_000 })
    .default(256)
    .describe('Node jobs run at a time, over all shards.'),
  MODEL_PRICES_FILE: text()
    .optional()
    .describe('JSON file of model prices that win over the list prices (docs/models.md).'),
  FILES_MEMORY_LIMIT: bytes()
    .default(512 * 1024 ** 2)
    .describe('Bytes of files that are held in memory at a time; nodes that need more wait for others.'),
  ...httpResponseEnv,
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

export const responseLimits = (env: Env): ResponseLimits => ({
  maxTextBytes: env.HTTP_REQUEST_NODE_MAX_TEXT_SIZE,
  maxFileBytes: env.HTTP_REQUEST_NODE_MAX_BINARY_SIZE,
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
