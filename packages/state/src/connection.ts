import type { Duplex } from 'node:stream';
import { Redis } from 'ioredis';

/**
 * `patient` waits through outages (workers, recorders: their work has nowhere else to go);
 * `hasty` gives up after 1.5 s so that a caller can be answered with 503.
 */
export type ConnectionProfile = 'patient' | 'hasty';

/**
 * A command whose caller has been told 503 must not reach Redis later: nothing is queued while the connection
 * is down, and nothing is sent again when it comes back.
 */
const hasty = {
  commandTimeout: 1500,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
};

/** Opens a connection. It reconnects for ever, with a delay of at most one second. */
export function connectRedis(url: string, profile: ConnectionProfile, name: string): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), 1000),
    connectTimeout: 2000,
    maxRetriesPerRequest: null,
    ...(profile === 'hasty' ? hasty : {}),
  });
  redis.on('connect', () => {
    gatherWrites(redis.stream);
  });
  return redis;
}

/**
 * Sends the commands of one turn of the event loop in one write. Unlike ioredis's auto-pipelining it leaves
 * order and errors of commands as they are; it only saves system calls here and in Redis.
 */
function gatherWrites(stream: Duplex): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  let corked = false;
  stream.write = (...args: unknown[]) => {
    if (!corked) {
      corked = true;
      stream.cork();
      setImmediate(() => {
        corked = false;
        stream.uncork();
      });
    }
    return write(...args);
  };
}
