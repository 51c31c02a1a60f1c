import { bool, cidrList, integer, list, oneOf, port, secret, serviceUrl, text } from './values.js';

/** Slices that more than one process composes (meanings and defaults: README, "Environment"). */

export const databaseEnv = { DATABASE_URL: serviceUrl('postgres', 'postgresql') };

export const redisEnv = { REDIS_URL: serviceUrl('redis', 'rediss'), MILLRACE_SHARDS: integer({ min: 1 }).default(1) };

/** Where a process listens; without `PORT` it does not. */
export const listenEnv = { PORT: port().optional(), HOST: text().default('0.0.0.0') };

export const logEnv = {
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
};

export const adminKeyEnv = { MILLRACE_ADMIN_KEY: secret(16) };

export const secretKeyEnv = { MILLRACE_SECRET_KEY: secret(32) };

/** How users' requests and model calls leave (docs/outbound.md). */
export const outboundEnv = {
  OUTBOUND_ALLOW_CIDRS: cidrList().default([]),
  HTTP_PROXY: serviceUrl('http', 'https').optional(),
  HTTPS_PROXY: serviceUrl('http', 'https').optional(),
  NO_PROXY: list().default([]),
  /** Does the proxy refuse private addresses itself? Then it gets names, not addresses. */
  OUTBOUND_PROXY_GUARDS: bool().default(false),
  /** PEM file of certificates to trust besides the usual ones. */
  OUTBOUND_CA_FILE: text().optional(),
  /** Hosts that are told the trace of a request (`traceparent`), as in `NO_PROXY`. */
  OUTBOUND_TRACE_HOSTS: list().default([]),
};

/** Where files are kept: `files` in the data directory, which gateways, workers and recorders share. */
export const dataDirEnv = { MILLRACE_DATA_DIR: text().default('./.millrace') };

/** Seconds that a download link is good. */
export const fileLinksEnv = { FILES_ACCESS_TIMEOUT: integer({ min: 1 }).default(300) };

/** Most tenants that are labels of metrics at a time (docs/metrics.md). */
export const metricsEnv = { METRICS_TENANTS: integer({ min: 0, max: 10_000 }).default(100) };

/** Limits of uploads in MB (of 1,048,576 bytes), under the names that Dify gives them. */
export const uploadEnv = {
  UPLOAD_FILE_SIZE_LIMIT: integer({ min: 1 }).default(15),
  UPLOAD_IMAGE_FILE_SIZE_LIMIT: integer({ min: 1 }).default(10),
  UPLOAD_VIDEO_FILE_SIZE_LIMIT: integer({ min: 1 }).default(100),
  UPLOAD_AUDIO_FILE_SIZE_LIMIT: integer({ min: 1 }).default(50),
  UPLOAD_FILE_EXTENSION_BLACKLIST: list().default([]),
  /** What clients are told; the form's own limits are enforced. */
  WORKFLOW_FILE_UPLOAD_LIMIT: integer({ min: 1 }).default(10),
};
