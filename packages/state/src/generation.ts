/**
 * A Redis that restarts may have lost its last second. Events written after that must not take ids that clients have
 * seen in the lost one, so every unfinished run is lifted to a new epoch first.
 *
 * G1: the marker of a shard names the server process (`run_id`) whose tail is known to be whole.
 * G2: a server that does not know our scripts has just started: no transition runs there before the marker names it
 *     (scripts live in the server's memory only, so the first call of each after a start comes by here).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Outage } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import { isHasty } from './connection.js';
import { shardKeys } from './keys.js';

/** `restarted` may have lost a tail, `lost` everything. */
export type Generation = 'same' | 'restarted' | 'lost';

export async function readGeneration(redis: Redis, shard: number): Promise<Generation> {
  const [marked, current] = await Promise.all([redis.get(shardKeys.generation(shard)), serverRunId(redis)]);
  if (marked === null) return 'lost';
  return marked === current ? 'same' : 'restarted';
}

export async function markGeneration(redis: Redis, shard: number): Promise<void> {
  await redis.set(shardKeys.generation(shard), await serverRunId(redis));
}

const serverRunId = async (redis: Redis): Promise<string> => /run_id:(\w+)/.exec(await redis.info('server'))?.[1] ?? '';

const lookEveryMs = 50;
const patientMs = 30_000;
const hastyMs = 1_200;

/**
 * Waits until a server that has restarted is recovered (G2). An empty one needs no recovery: there is nothing to go on with.
 * @throws Outage when it takes too long (1.2 s for a hasty connection, 30 s for a patient one)
 */
export async function untilRecovered(redis: Redis, shard: number): Promise<void> {
  const until = performance.now() + (isHasty(redis) ? hastyMs : patientMs);
  while ((await readGeneration(redis, shard)) === 'restarted') {
    if (performance.now() > until) throw new Outage('Redis has restarted and its runs are not recovered yet');
    await sleep(lookEveryMs);
  }
}
