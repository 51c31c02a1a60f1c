import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connectRedis, inspectRedis, redisFindings, type RedisFacts } from '@millrace/state';
import { clockOutcome, failed, failedBy, ok, skipped, warning, type Outcome } from './outcome.js';
import type { Setup } from './setup.js';

const timeoutMs = 5_000;
const mib = 1024 ** 2;

export async function checkRedis({ redisUrl, embedded }: Setup): Promise<Outcome[]> {
  if (redisUrl === undefined) {
    if (embedded)
      return [skipped('redis', 'REDIS_URL is not set, and "npm start" does not run: it brings its own Redis.')];
    return [failed('redis', 'REDIS_URL is not set.', 'Set it to a Redis of version 7.0 or later.')];
  }
  const before = Date.now();
  let facts: RedisFacts;
  try {
    facts = await ask(redisUrl);
  } catch (error) {
    return [unreachable(redisUrl, error instanceof Error ? error.message : String(error))];
  }
  const clock = clockOutcome('redis clock', facts.nowMs, before, Date.now());
  return [...outcomesOf(facts), clock];
}

async function ask(url: string): Promise<RedisFacts> {
  const redis = connectRedis(url, 'patient', 'doctor');
  const late = new AbortController();
  const broken = once(redis, 'error').then(([error]): never => {
    throw error as Error;
  });
  const silent = delay(timeoutMs, undefined, { signal: late.signal }).then((): never => {
    throw new Error('it does not answer');
  });
  const asked = inspectRedis(redis);
  for (const promise of [broken, silent, asked]) promise.catch(() => undefined);
  try {
    return await Promise.race([asked, broken, silent]);
  } finally {
    late.abort();
    redis.on('error', () => undefined);
    redis.disconnect();
  }
}

/** What to say of a Redis that answers. */
export function outcomesOf(facts: RedisFacts): Outcome[] {
  const { version, policy, aof, maxMemoryBytes, usedMemoryBytes } = facts;
  const findings = redisFindings(facts);
  const used = `${Math.ceil(usedMemoryBytes / mib)} MiB are in use`;
  const fillable = 'Raise maxmemory: when it is full, submissions are answered 503.';
  return [
    ...(findings.length > 0
      ? failedBy('redis', findings)
      : [ok('redis', `Redis ${version} answers; its policy is ${policy || 'not told'}.`)]),
    aof
      ? ok('redis persistence', 'An append-only file is written.')
      : warning(
          'redis persistence',
          'There is no append-only file: after a restart all unfinished runs are rebuilt from PostgreSQL.',
          'Set "appendonly yes" and "appendfsync everysec".',
        ),
    maxMemoryBytes > 0 && usedMemoryBytes > maxMemoryBytes * 0.8
      ? warning('redis memory', `${used} of ${Math.floor(maxMemoryBytes / mib)} MiB.`, fillable)
      : ok(
          'redis memory',
          maxMemoryBytes > 0 ? `${used} of ${Math.floor(maxMemoryBytes / mib)} MiB.` : `${used}; there is no limit.`,
        ),
  ];
}

function unreachable(redisUrl: string, message: string): Outcome {
  const { hostname, port } = new URL(redisUrl);
  const at = `${hostname}:${port || '6379'}`;
  if (/WRONGPASS|NOAUTH|NOPERM/.test(message)) {
    return failed(
      'redis',
      `Redis at ${at} refuses the user or its password.`,
      'Correct them in REDIS_URL: redis://user:password@host:port.',
    );
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(message))
    return failed('redis', `The host "${hostname}" is not known.`, 'Correct the host in REDIS_URL.');
  return failed(
    'redis',
    `Redis cannot be reached at ${at} (${message}).`,
    'Start it ("redis-server", version 7.0 or later), or correct REDIS_URL; a firewall may lie between.',
  );
}
