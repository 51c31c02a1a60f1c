import {
  adminKeyEnv,
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
  port,
  printableEnv,
  redisEnv,
  secretKeyEnv,
  serviceUrl,
  uploadEnv,
} from '@millrace/config';
import type { UploadLimits } from '@millrace/files';
import { defaultBodyLimitBytes } from './http/body.js';

const gatewayEnv = {
  ...databaseEnv,
  ...redisEnv,
  ...listenEnv,
  ...logEnv,
  ...metricsEnv,
  ...adminKeyEnv,
  ...secretKeyEnv,
  ...outboundEnv,
  ...dataDirEnv,
  ...fileLinksEnv,
  ...uploadEnv,
  /** Address at which clients reach the gateway, for download links. Default: the one each request came to. */
  FILES_URL: serviceUrl('http', 'https').optional(),
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

export const uploadLimits = (env: ReturnType<typeof readEnv>): UploadLimits => ({
  image: env.UPLOAD_IMAGE_FILE_SIZE_LIMIT,
  video: env.UPLOAD_VIDEO_FILE_SIZE_LIMIT,
  audio: env.UPLOAD_AUDIO_FILE_SIZE_LIMIT,
  file: env.UPLOAD_FILE_SIZE_LIMIT,
  blockedExtensions: env.UPLOAD_FILE_EXTENSION_BLACKLIST,
});

/** Settings as they may be logged. */
export const shownEnv = (env: ReturnType<typeof readEnv>) => printableEnv(gatewayEnv, env);

/** The standard `OTEL_*` variables are read by the telemetry package. */
export const telemetryEnv = (): Record<string, string | undefined> => process.env;
