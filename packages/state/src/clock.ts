import type { Redis } from 'ioredis';

/** The clock of a Redis server, as far as this process knows it. */
export interface ServerClock {
  /** Unix ms. */
  now(): number;
  /** Looks at it anew. */
  measure(): void;
}

/** An answer that was longer on its way says too little. */
const longestWayMs = 200;

/** Measures the clock whenever the connection becomes ready; until then it is taken for that of this process. */
export function followClock(redis: Redis): ServerClock {
  let aheadMs = 0;
  const read = async (): Promise<void> => {
    const sentMs = Date.now();
    const [seconds, microseconds] = (await redis.time()) as unknown as [string, string];
    const wayMs = Date.now() - sentMs;
    if (wayMs <= longestWayMs) aheadMs = Number(seconds) * 1000 + Number(microseconds) / 1000 - sentMs - wayMs / 2;
  };
  // What fails here failed with the connection; the next one is measured again.
  const measure = (): void => void read().catch(() => undefined);
  redis.on('ready', measure);
  if (redis.status === 'ready') measure();
  return { now: () => Math.round(Date.now() + aheadMs), measure };
}
