import { freshRedis, startRedis } from '@millrace/testing';
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.js';
import { inspectRedis, redisFindings } from './server.js';

const connections: Redis[] = [];
const connect = (url: string): Redis => {
  const redis = connectRedis(url, 'patient', 'test');
  connections.push(redis);
  return redis;
};
afterEach(() => {
  for (const redis of connections.splice(0)) redis.disconnect();
});

it('finds nothing wrong with a Redis that keeps what it is given', async () => {
  const facts = await inspectRedis(connect((await freshRedis()).url));
  expect(facts).toMatchObject({ policy: 'noeviction', maxMemoryBytes: 0, aof: false });
  expect(facts.version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(facts.usedMemoryBytes).toBeGreaterThan(100_000);
  expect(Math.abs(facts.nowMs - Date.now())).toBeLessThan(60_000);
  expect(redisFindings(facts)).toEqual([]);
});

it('refuses one that may evict, and says what to do', async () => {
  const server = await startRedis({ aof: true });
  try {
    const redis = connect(server.url);
    await redis.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'volatile-lru');
    const facts = await inspectRedis(redis);
    expect(facts).toMatchObject({ policy: 'volatile-lru', maxMemoryBytes: 104_857_600, aof: true });
    expect(redisFindings(facts)).toEqual([
      {
        check: 'redis',
        problem: expect.stringContaining('maxmemory-policy is volatile-lru') as string,
        remedy: expect.stringContaining('CONFIG SET maxmemory-policy noeviction') as string,
      },
    ]);
  } finally {
    await server.close();
  }
});

it.each([
  ['6.2.14', 1],
  ['7.0.0', 0],
  ['8.2.1', 0],
])('Redis %s: %d finding', (version, findings) => {
  const facts = { version, policy: 'noeviction', maxMemoryBytes: 0, usedMemoryBytes: 1, aof: true, nowMs: 0 };
  expect(redisFindings(facts)).toHaveLength(findings);
});
