import { hostname } from 'node:os';
import {
  dataDirEnv,
  databaseEnv,
  integer,
  listenEnv,
  logEnv,
  parseEnv,
  printableEnv,
  redisEnv,
  startCheckEnv,
  tracingEnv,
} from '@millrace/config';

export const recorderEnv = {
  ...databaseEnv,
  ...redisEnv,
  ...listenEnv,
  ...logEnv,
  ...tracingEnv,
  ...startCheckEnv,
  ...dataDirEnv,
  RUN_RETENTION_DAYS: integer({ min: 1 })
    .default(30)
    .describe('Days that a run is kept after its creation, and files that runs made (docs/retention.md).'),
  FILE_RETENTION_DAYS: integer({ min: 1 })
    .optional()
    .describe('Days that an uploaded file is kept. Unset: for ever (docs/retention.md).'),
};

/** The recorder's environment. @throws EnvError that lists every problem. */
export const readEnv = () => parseEnv(recorderEnv, process.env);

/** The effective values, fit for the log. */
export const shownEnv = (env: ReturnType<typeof readEnv>) => printableEnv(recorderEnv, env);

/** What telemetry reads by itself. */
export const telemetryEnv = process.env;

/** One name per machine: a restarted recorder finds its own consumer again. */
export const consumerName = hostname();
