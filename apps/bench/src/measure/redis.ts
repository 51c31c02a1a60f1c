import type { Redis } from 'ioredis';

export interface RedisUsage {
  /** Commands by name, counted since the server began; commands of Lua scripts included. */
  commands: Record<string, number>;
  netInBytes: number;
  netOutBytes: number;
  usedMemoryBytes: number;
}

export async function readRedis(redis: Redis): Promise<RedisUsage> {
  const info = `${await redis.info('stats')}\n${await redis.info('commandstats')}\n${await redis.info('memory')}`;
  const value = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const commands: Record<string, number> = {};
  for (const [, name = '', calls = '0'] of info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (name !== 'info') commands[name] = Number(calls);
  }
  return {
    commands,
    netInBytes: value('total_net_input_bytes'),
    netOutBytes: value('total_net_output_bytes'),
    usedMemoryBytes: value('used_memory'),
  };
}
