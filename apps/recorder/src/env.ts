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
} from '@millrace/config';

const slice = {
  ...databaseEnv,
  ...redisEnv,
  ...listenEnv,
  ...logEnv,
  ...dataDirEnv,
  /** Days a run is kept after its creation; older days are dropped whole. */
  RUN_RETENTION_DAYS: integer({ min: 1 }).default(30),
  /** Days an uploaded file is kept. Default: for ever. Files made by runs go with the history. */
  FILE_RETENTION_DAYS: integer({ min: 1 }).optional(),
};

/** The recorder's environment. @throws EnvError that lists every problem. */
export const env = parseEnv(slice, process.env);

/** The effective values, fit for the log. */
export const shownEnv = printableEnv(slice, env);

/** What telemetry reads by itself. */
export const telemetryEnv = process.env;

/** One name per machine: a restarted recorder finds its own consumer again. */
export const consumerName = hostname();
