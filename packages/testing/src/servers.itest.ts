import { Redis } from 'ioredis';
import pg from 'pg';
import { createDatabase, freshRedis, startProxy, startRedis } from './index.js';

const select = async (url: string, text: string) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

describe('createDatabase', () => {
  it('gives every caller a database of its own', async () => {
    const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
    await select(one.url, 'CREATE TABLE mine (id int)');
    expect(await select(other.url, "SELECT to_regclass('mine') AS found")).toEqual([{ found: null }]);
    await Promise.all([one.drop(), other.drop()]);
  });
});

describe('freshRedis', () => {
  it('gives every caller an empty database', async () => {
    const [one, other] = await Promise.all([freshRedis(), freshRedis()]);
    expect(one.url).not.toBe(other.url);
    const redis = new Redis(one.url);
    expect(await redis.dbsize()).toBe(0);
    redis.disconnect();
  });
});

describe('startRedis', () => {
  it('keeps its data over a kill when it has an append-only file', async () => {
    const server = await startRedis({ aof: true });
    const redis = new Redis(server.url);
    redis.on('error', () => undefined);
    await redis.set('a', '1');
    await redis.call('WAITAOF', '1', '0', '5000').catch(() => redis.config('SET', 'appendfsync', 'always'));
    await redis.set('b', '2');
    await server.kill();
    await server.restart();
    expect(await redis.mget('a', 'b')).toEqual(['1', '2']);
    redis.disconnect();
    await server.close();
  });
});

describe('startProxy', () => {
  it('passes, holds back and cuts', async () => {
    const { url } = await freshRedis();
    const proxy = await startProxy(url);
    const redis = new Redis(proxy.url, { commandTimeout: 300, retryStrategy: () => 20, maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    expect(await redis.ping()).toBe('PONG');
    proxy.silence();
    await expect(redis.ping()).rejects.toThrow('timed out');
    await proxy.pass();
    expect(await redis.ping()).toBe('PONG');
    await proxy.cut();
    await expect(redis.ping()).rejects.toThrow();
    await proxy.pass();
    await new Promise((resolve) => redis.once('ready', resolve));
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
    await proxy.close();
  });
});
