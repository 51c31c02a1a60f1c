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
  runLimitsEnv,
  secretKeyEnv,
  serviceUrl,
  startCheckEnv,
  tracingEnv,
  uploadEnv,
} from '@millrace/config';
import type { UploadLimits } from '@millrace/files';
import { defaultBodyLimitBytes } from './http/body.js';

export const gatewayEnv = {
  ...databaseEnv,
  ...redisEnv,
  ...listenEnv,
  ...logEnv,
  ...tracingEnv,
  ...metricsEnv,
  ...adminKeyEnv,
  ...secretKeyEnv,
  ...startCheckEnv,
  ...outboundEnv,
  ...dataDirEnv,
  ...fileLinksEnv,
  ...uploadEnv,
  ...runLimitsEnv,
  FILES_URL: serviceUrl('http', 'https')
    .optional()
    .describe(
      'Address at which clients reach the gateway, for links to files. Unset: the one that each request came to.',
    ),
  PORT: port().default(8080).describe('Port of the API, the console, health and metrics.'),
  BLOCKING_DEADLINE_MS: duration()
    .default(50_000)
    .describe(
      'A blocking call is answered with 202 after this time; below the 60 s of proxies and of the official client.',
    ),
  HTTP_BODY_LIMIT: bytes().default(defaultBodyLimitBytes).describe('Largest JSON body.'),
  DATABASE_POOL_SIZE: integer({ min: 2, max: 1000 }).default(10).describe('Connections to PostgreSQL.'),
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
