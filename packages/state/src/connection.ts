import type { Duplex } from 'node:stream';
import { Redis } from 'ioredis';

/**
 * `patient` waits through outages (workers, recorders: their work has nowhere else to go);
 * `hasty` gives up after 1.4 s of silence so that a caller can be answered with 503.
 */
export type ConnectionProfile = 'patient' | 'hasty';

/**
 * A command whose caller has been told 503 must not reach Redis later: nothing is queued while the connection
 * is down, and nothing is sent again when it comes back.
 */
const hasty = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 };

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
  if (profile === 'hasty') giveUpSilence(redis);
  return redis;
}

/** Whether callers on this connection are to be answered rather than kept waiting. */
export const isHasty = (redis: Redis): boolean => redis.options.enableOfflineQueue === false;

const tickMs = 100;
const silentTicks = 14;

/**
 * Breaks a connection that owes replies and says nothing; what waits for them fails. A Redis that is busy keeps answering and
 * is waited for, and time is counted in turns of the event loop: a process that was held up itself has not been kept waiting.
 */
function giveUpSilence(redis: Redis): void {
  let silent = 0;
  redis.on('connect', () => {
    redis.stream.on('data', () => {
      silent = 0;
    });
  });
  const timer = setInterval(() => {
    silent = redis.commandQueue.length > 0 ? silent + 1 : 0;
    if (silent < silentTicks) return;
    silent = 0;
    redis.stream.destroy(new Error('Redis does not answer'));
  }, tickMs);
  timer.unref();
  redis.on('end', () => {
    clearInterval(timer);
  });
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
