import { integer, oneOf, secret, serviceUrl, text, port, cidrList } from './values.js';

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

export const outboundEnv = { OUTBOUND_ALLOW_CIDRS: cidrList().default([]) };
