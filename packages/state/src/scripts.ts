import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

/** One Lua script: `lua/<name>-<number of keys>.lua`, includes expanded. */
interface Script {
  source: string;
  sha: string;
}

const folder = new URL('../lua/', import.meta.url);

function load(file: string): Script {
  const source = readFileSync(new URL(file, folder), 'utf8').replaceAll(/^--@include (\w+)$/gm, (_, name: string) =>
    readFileSync(new URL(`includes/${name}.lua`, folder), 'utf8'),
  );
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

const scripts = new Map<string, Script>(
  readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .map((file) => [file.replace(/-\d+\.lua$/, ''), load(file)]),
);

/** Loads every script when the connection becomes ready, so that calls by hash find them, also after a restart. */
export function keepScriptsLoaded(redis: Redis, onError: (error: Error) => void): void {
  const loadAll = (): void => {
    for (const script of scripts.values()) redis.script('LOAD', script.source).catch(onError);
  };
  redis.on('ready', loadAll);
  if (redis.status === 'ready') loadAll();
}

/** Calls a script by content hash; sends its text when Redis does not know it. */
export async function callScript(
  redis: Redis,
  name: string,
  keys: string[],
  args: (string | number)[],
): Promise<unknown> {
  const script = scripts.get(name);
  if (!script) throw new Error(`no Lua script named ${name}`);
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await redis.eval(script.source, keys.length, ...keys, ...args);
  }
}
