import { startHttpTarget, type HttpTarget } from '@millrace/testing';
import { Redis } from 'ioredis';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, collect } from '../client.js';
import { Fleet } from '../fleet.js';
import { chain5, slow } from '../workflows.js';

let fleet: Fleet;
let target: HttpTarget;
let redis: Redis;

beforeAll(async () => {
  [fleet, target] = await Promise.all([Fleet.start(), startHttpTarget()]);
  redis = new Redis(fleet.redis.url);
}, 120_000);
afterAll(async () => {
  redis.disconnect();
  await Promise.all([fleet.stop(), target.close()]);
}, 60_000);

const clientOf = async (file: string): Promise<Client> => new Client(fleet.url(), (await fleet.publish(file)).apiKey);

/** Redis commands so far, those inside scripts included. */
async function commands(): Promise<number> {
  const calls = (await redis.info('commandstats')).matchAll(/:calls=(\d+)/g);
  return [...calls].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Keys that have something to do with a run and may stay for more than `ttlMs`. */
async function lastingKeys(ttlMs: number): Promise<string[]> {
  const keys = (await redis.keys('*')).filter((key) => /[0-9a-f]{8}-[0-9a-f]{4}-7/.test(key));
  const lives = await Promise.all(keys.map((key) => redis.pttl(key)));
  // -2: gone meanwhile; -1: no limit.
  return keys.filter((_, i) => lives[i] === -1 || (lives[i] ?? 0) > ttlMs);
}

describe('what runs leave in Redis (promise 8)', () => {
  it('is nothing that lives longer than ten minutes, however they ended', async () => {
    const [quick, lasting] = [await clientOf(chain5()), await clientOf(slow(target.url))];
    await Promise.all(Array.from({ length: 20 }, (_, i) => quick.blocking({ text: `t${i}` })));
    const stopped = await lasting.stream({ text: 'x' });
    await lasting.stop(stopped.taskId);
    await collect(stopped);
    expect(await redis.keys('*')).not.toEqual([]);
    for (let i = 0; i < 100 && (await lastingKeys(600_000)).length > 0; i++) await pause(100);
    expect(await lastingKeys(600_000)).toEqual([]);
    const shard = '{s0}';
    for (const set of ['leases', 'deadlines', 'decided']) expect(await redis.zcard(`${shard}:${set}`)).toBe(0);
    expect(await redis.xlen(`${shard}:ledger`)).toBe(0);
    expect(await redis.llen(`${shard}:nodes:wait`)).toBe(0);
    expect(await redis.llen(`${shard}:nodes:active`)).toBe(0);
  }, 60_000);
});

describe('an idle worker', () => {
  it('asks Redis a few things a second', async () => {
    const settleMs = 2_000;
    const seconds = 10;
    await pause(settleMs);
    const alone = await commands();
    await pause(seconds * 1000);
    const withOne = (await commands()) - alone;
    await fleet.add('worker');
    await pause(settleMs);
    const before = await commands();
    await pause(seconds * 1000);
    const perWorker = ((await commands()) - before - withOne) / seconds;
    // All processes together, then what one more worker adds.
    expect(withOne / seconds).toBeLessThan(15);
    expect(perWorker).toBeLessThan(5);
  }, 60_000);
});
