import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { OtherRelease, runFormat } from '@millrace/contracts';
import { withStoreSpan } from '@millrace/telemetry';
import type { Redis } from 'ioredis';
import { untilRecovered } from './generation.js';
import { shardOf } from './keys.js';

/** One Lua script: `lua/<name>-<number of keys>.lua`, includes and run formats filled in. Another release's has another hash. */
interface Script {
  source: string;
  sha: string;
}

const folder = new URL('../lua/', import.meta.url);

function load(file: string): Script {
  const source = readFileSync(new URL(file, folder), 'utf8')
    .replaceAll(/^--@include (\w+)$/gm, (_, name: string) =>
      readFileSync(new URL(`includes/${name}.lua`, folder), 'utf8'),
    )
    .replaceAll(/@(oldest|newest|written)_format/g, (_, name: keyof typeof runFormat) => String(runFormat[name]));
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

const scripts = new Map<string, Script>(
  readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .map((file) => [file.replace(/-\d+\.lua$/, ''), load(file)]),
);

const shardsOf = new WeakMap<Redis, number>();

/** Scripts are known to a server as a whole, so all of its shards must be recovered first. */
async function untilAllRecovered(redis: Redis, shard: number): Promise<void> {
  const shards = Math.max(shardsOf.get(redis) ?? 0, shard + 1);
  for (let each = 0; each < shards; each++) await untilRecovered(redis, each);
}

/**
 * Loads every script when the connection becomes ready and the server is recovered (G2), so that the first calls are not late.
 * @param shards number of shards on the server
 */
export function loadAhead(redis: Redis, shards: number): void {
  shardsOf.set(redis, shards);
  const loadAll = async (): Promise<void> => {
    await untilAllRecovered(redis, 0);
    await Promise.all([...scripts.values()].map(({ source }) => redis.script('LOAD', source)));
  };
  // What fails here is loaded by its first call.
  const load = (): void => void loadAll().catch(() => undefined);
  redis.on('ready', load);
  if (redis.status === 'ready') load();
}

/**
 * Calls a script by content hash; the first `keys` entry says the shard. A server that does not know the script has just
 * started: it gets the text once its runs are recovered (G2).
 * @param onLate told when the call runs later than it was sent: commands sent after it have run before it
 * @throws Outage when that takes too long
 * @throws OtherRelease when the run has a format that this release does not know
 */
export async function callScript(
  redis: Redis,
  name: string,
  keys: string[],
  args: (string | number)[],
  onLate: () => void = () => undefined,
): Promise<unknown> {
  return call(redis, name, keys, args, async () => {
    onLate();
    await untilAllRecovered(redis, shardOf(keys[0] ?? ''));
  });
}

/** Calls a script that belongs to the recovery itself. */
export async function callScriptUngated(
  redis: Redis,
  name: string,
  keys: string[],
  args: (string | number)[],
): Promise<unknown> {
  return call(redis, name, keys, args, () => Promise.resolve());
}

function call(
  redis: Redis,
  name: string,
  keys: string[],
  args: (string | number)[],
  beforeFirst: () => Promise<void>,
): Promise<unknown> {
  const send = () => evaluate(redis, name, keys, args, beforeFirst);
  return oftenCalled.has(name) ? send() : withStoreSpan(() => describe(redis, name), send);
}

/** Called for every piece of text: no trace is to be filled with them. */
const oftenCalled = new Set(['emit', 'reason']);

const describe = ({ options }: Redis, name: string) => ({
  name: `EVALSHA ${name}`,
  attributes: {
    'db.system.name': 'redis',
    'db.namespace': String(options.db ?? 0),
    'db.operation.name': 'EVALSHA',
    'db.stored_procedure.name': name,
    'server.address': options.host ?? 'localhost',
    'server.port': options.port ?? 6379,
  },
});

async function evaluate(
  redis: Redis,
  name: string,
  keys: string[],
  args: (string | number)[],
  beforeFirst: () => Promise<void>,
): Promise<unknown> {
  const script = scripts.get(name);
  if (!script) throw new Error(`no Lua script named ${name}`);
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!isReply(error, 'NOSCRIPT')) throw named(error, keys);
  }
  await beforeFirst();
  try {
    return await redis.eval(script.source, keys.length, ...keys, ...args);
  } catch (error) {
    throw named(error, keys);
  }
}

const isReply = (error: unknown, code: string): boolean => error instanceof Error && error.message.startsWith(code);

const named = (error: unknown, [run = '']: string[]): unknown =>
  isReply(error, 'FOREIGN') ? new OtherRelease(`The run ${run}`) : error;
