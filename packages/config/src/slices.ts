import {
  bool,
  bytes,
  cidrList,
  duration,
  integer,
  list,
  oneOf,
  port,
  ratio,
  secret,
  secretList,
  serviceUrl,
  someOf,
  text,
} from './values.js';

/** Slices that more than one process composes. docs/configuration.md is made of the descriptions (`page.ts`). */

export const databaseEnv = {
  DATABASE_URL: serviceUrl('postgres', 'postgresql').describe('PostgreSQL, version 15 or later.'),
};

export const redisEnv = {
  REDIS_URL: serviceUrl('redis', 'rediss').describe('Redis, version 7.0 or later, with `maxmemory-policy noeviction`.'),
  MILLRACE_SHARDS: integer({ min: 1 })
    .default(1)
    .describe(
      'Number of Redis shards. The same for all processes; it may grow, never shrink while runs are under way.',
    ),
};

/** Where a process listens; without `PORT` it does not. */
export const listenEnv = {
  PORT: port().optional().describe('Port of health and metrics. Unset: none are served.'),
  HOST: text().default('0.0.0.0').describe('Address to listen at.'),
};

export const logEnv = {
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least level of log lines.'),
};

export const adminKeyEnv = { MILLRACE_ADMIN_KEY: secret(16).describe('Bearer key of the console API.') };

export const secretKeyEnv = {
  MILLRACE_SECRET_KEY: secret(32).describe(
    'Seals credentials and keys at rest, and signs links to files (docs/secrets.md).',
  ),
  MILLRACE_SECRET_KEY_PREVIOUS: secretList(32)
    .default([])
    .describe('Other secret keys that still open what they sealed: earlier ones, and a coming one (docs/secrets.md).'),
};

/** What a process looks at before it starts to work (docs/doctor.md). */
export const startCheckEnv = {
  MILLRACE_ALLOW_UNSAFE: someOf(['redis', 'postgres', 'schema', 'secret-key'])
    .default([])
    .describe('Start checks whose findings are only logged. Otherwise a process refuses to start.'),
};

/** How users' requests and model calls leave (docs/outbound.md). */
export const outboundEnv = {
  OUTBOUND_ALLOW_CIDRS: cidrList()
    .default([])
    .describe('Networks that outbound HTTP may reach although private (docs/outbound.md).'),
  HTTP_PROXY: serviceUrl('http', 'https').optional().describe('Proxy of outbound http calls.'),
  HTTPS_PROXY: serviceUrl('http', 'https').optional().describe('Proxy of outbound https calls.'),
  NO_PROXY: list().default([]).describe('Hosts that are called without a proxy.'),
  OUTBOUND_PROXY_GUARDS: bool()
    .default(false)
    .describe('Whether the proxy refuses private addresses itself. Then it gets names, not addresses.'),
  OUTBOUND_CA_FILE: text().optional().describe('PEM file of certificates to trust besides the usual ones.'),
  OUTBOUND_TRACE_HOSTS: list()
    .default([])
    .describe('Hosts that are told the trace of a request (`traceparent`), as in `NO_PROXY`.'),
};

/** Where files are kept: `files` in the data directory, which gateways, workers and recorders share. */
export const dataDirEnv = {
  MILLRACE_DATA_DIR: text()
    .default('./.millrace')
    .describe(
      'Data directory: files of runs, and all data of the private servers of `npm start`. Shared by all processes.',
    ),
};

export const fileLinksEnv = {
  FILES_ACCESS_TIMEOUT: integer({ min: 1 }).default(300).describe('Seconds that a link to a file is good.'),
};

export const metricsEnv = {
  METRICS_TENANTS: integer({ min: 0, max: 10_000 })
    .default(100)
    .describe('Most tenants that are labels of metrics at a time; others count as one (docs/telemetry.md).'),
};

/** What is Millrace's own of tracing (docs/telemetry.md); the rest are the standard `OTEL_*`. */
export const tracingEnv = {
  MILLRACE_TRACE_STORE_RATIO: ratio()
    .default(0)
    .describe('Share of the traces that show calls to Redis and PostgreSQL (docs/telemetry.md).'),
  MILLRACE_TELEMETRY_DIR: text()
    .optional()
    .describe('Folder of the exporter `otlp_file`. Unset: `telemetry` in the data directory.'),
};

/** Limits of uploads in MB (of 1,048,576 bytes), under the names that Dify gives them. */
export const uploadEnv = {
  UPLOAD_FILE_SIZE_LIMIT: integer({ min: 1 }).default(15).describe('Largest upload of any other kind, MiB.'),
  UPLOAD_IMAGE_FILE_SIZE_LIMIT: integer({ min: 1 }).default(10).describe('Largest upload of an image, MiB.'),
  UPLOAD_VIDEO_FILE_SIZE_LIMIT: integer({ min: 1 }).default(100).describe('Largest upload of a video, MiB.'),
  UPLOAD_AUDIO_FILE_SIZE_LIMIT: integer({ min: 1 }).default(50).describe('Largest upload of audio, MiB.'),
  UPLOAD_FILE_EXTENSION_BLACKLIST: list().default([]).describe('Extensions that uploads may not have.'),
  WORKFLOW_FILE_UPLOAD_LIMIT: integer({ min: 1 })
    .default(10)
    .describe("Number of files told to clients; the form's own limits are enforced."),
};

/** Limits of one run (docs/api.md), enforced by whichever process starts or recovers it. */
export const runLimitsEnv = {
  MAX_EXECUTION_TIME: duration().default(1_200_000).describe('Time limit of one run.'),
  MAX_EXECUTION_STEPS: integer({ min: 1 }).default(500).describe('Most node starts of one run.'),
  MAX_STREAMED_TEXT: bytes()
    .default(96 * 1024 ** 2)
    .describe('Most text that one run may stream, as events.'),
  MAX_RUN_SIZE: bytes()
    .default(512 * 1024 ** 2)
    .describe('Most bytes of outputs and node events of one run.'),
};
