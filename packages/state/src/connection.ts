import { Redis } from 'ioredis';

/**
 * `patient` waits through outages (workers, recorders: their work has nowhere else to go);
 * `hasty` gives up after `commandTimeoutMs` so that a caller can be answered with 503.
 */
export type ConnectionProfile = 'patient' | 'hasty';

const commandTimeoutMs = 1500;

/** Opens a connection. It reconnects for ever, with a delay of at most one second. */
export function connectRedis(url: string, profile: ConnectionProfile, name: string): Redis {
  return new Redis(url, {
    connectionName: name,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), 1000),
    connectTimeout: 2000,
    maxRetriesPerRequest: null,
    ...(profile === 'hasty' ? { commandTimeout: commandTimeoutMs } : {}),
  });
}
