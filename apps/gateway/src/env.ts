import {
  adminKeyEnv,
  bytes,
  databaseEnv,
  duration,
  integer,
  listenEnv,
  logEnv,
  outboundEnv,
  parseEnv,
  port,
  printableEnv,
  redisEnv,
  secretKeyEnv,
} from '@millrace/config';
import { defaultBodyLimitBytes } from './http/body.js';

const gatewayEnv = {
  ...databaseEnv,
  ...redisEnv,
  ...listenEnv,
  ...logEnv,
  ...adminKeyEnv,
  ...secretKeyEnv,
  ...outboundEnv,
  PORT: port().default(8080),
  /** A blocking call is answered with 202 after this time; below the 60 s of proxies and of the official client. */
  BLOCKING_DEADLINE_MS: duration().default(50_000),
  /** Largest JSON body. */
  HTTP_BODY_LIMIT: bytes().default(defaultBodyLimitBytes),
  /** Connections to Postgres. */
  DATABASE_POOL_SIZE: integer({ min: 2, max: 1000 }).default(10),
  /** Time limit of one run. */
  MAX_EXECUTION_TIME: duration().default(1_200_000),
  /** Most node starts of one run. */
  MAX_EXECUTION_STEPS: integer({ min: 1 }).default(500),
};

/** The gateway's settings. @throws EnvError that lists every problem */
export const readEnv = () => parseEnv(gatewayEnv, process.env);

/** Settings as they may be logged. */
export const shownEnv = (env: ReturnType<typeof readEnv>) => printableEnv(gatewayEnv, env);

/** The standard `OTEL_*` variables are read by the telemetry package. */
export const telemetryEnv = (): Record<string, string | undefined> => process.env;
