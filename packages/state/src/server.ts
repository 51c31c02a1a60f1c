import { once } from 'node:events';
import type { Finding } from '@millrace/contracts';
import type { Redis } from 'ioredis';

/** What a Redis server says of itself. */
export interface RedisFacts {
  /** As `redis_version` says; servers that speak Redis's protocol say the version they keep to. */
  version: string;
  /** `maxmemory-policy`, or nothing when the server does not tell. */
  policy: string;
  /** `maxmemory` in bytes; 0: no limit. */
  maxMemoryBytes: number;
  usedMemoryBytes: number;
  /** Whether an append-only file is written. */
  aof: boolean;
  /** The server's clock, Unix ms. */
  nowMs: number;
}

const connectMs = 1_500;

/** Asks the server. Rejects while it cannot be reached or still loads its data. */
export async function inspectRedis(redis: Redis): Promise<RedisFacts> {
  await untilReady(redis);
  // INFO rather than CONFIG, which hosted servers forbid.
  const [info, [seconds = 0, microseconds = 0]] = await Promise.all([redis.info(), redis.time()]);
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return {
    version: field('redis_version'),
    policy: field('maxmemory_policy'),
    maxMemoryBytes: Number(field('maxmemory')),
    usedMemoryBytes: Number(field('used_memory')),
    aof: field('aof_enabled') === '1',
    nowMs: seconds * 1000 + Math.floor(microseconds / 1000),
  };
}

async function untilReady(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  const late = AbortSignal.timeout(connectMs);
  try {
    await once(redis, 'ready', { signal: late });
  } catch (error) {
    throw late.aborted ? new Error('Redis does not answer', { cause: error }) : error;
  }
}

const oldestMajor = 7;

/** Why a process should not work with this Redis: it is too old, or may throw away what runs need. */
export function redisFindings({ version, policy }: RedisFacts): Finding[] {
  const findings: Finding[] = [];
  if (Number.parseInt(version, 10) < oldestMajor) {
    findings.push({
      check: 'redis',
      problem: `Redis is version ${version}; Millrace needs ${oldestMajor}.0 or later.`,
      remedy: 'Upgrade the server, or point REDIS_URL at a newer one.',
    });
  }
  if (policy !== '' && policy !== 'noeviction') {
    findings.push({
      check: 'redis',
      problem: `Redis may evict keys when its memory is full (maxmemory-policy is ${policy}), and with them parts of runs.`,
      remedy:
        'Set "maxmemory-policy noeviction" in redis.conf, or run "redis-cli CONFIG SET maxmemory-policy noeviction".',
    });
  }
  return findings;
}
