import { freshRedis } from '@millrace/testing';
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.js';
import { createDoorbell, onStops } from './doorbell.js';
import { runKeys, shardKeys } from './keys.js';
import { createLedger } from './ledger.js';
import { createRecovery, type Recovery } from './recovery.js';
import type { StoredEvent } from './run-events.js';
import { createRunState } from './run-state.js';
import { RunFixture } from './testing/run-fixture.js';

let redis: Redis;
let recovery: Recovery;
let run: RunFixture;

beforeEach(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  recovery = createRecovery(redis);
  run = new RunFixture(createRunState(redis, { readyGraceMs: 0 }));
  await run.start();
});
afterEach(() => {
  redis.disconnect();
});

const overdue = async (postponeMs = 0) =>
  (await recovery.overdueNodes(0, 10, postponeMs)).nodes.map(({ address: { node }, attempt, predecessor }) => ({
    ...{ node, attempt, predecessor },
  }));

describe('the lead', () => {
  it('is one process at a time, until its lease has run out', async () => {
    expect(await recovery.lead(0, 'a', 60_000)).toBe(true);
    expect(await recovery.lead(0, 'b', 60_000)).toBe(false);
    expect(await recovery.lead(0, 'a', 1)).toBe(true);
    while (!(await recovery.lead(0, 'b', 60_000)));
    expect(await recovery.lead(0, 'a', 60_000)).toBe(false);
  });
});

describe('overdue nodes', () => {
  it('are those ready whose job nobody began, and those running whose lease ran out', async () => {
    expect(await overdue()).toEqual([{ node: 0, attempt: 1, predecessor: undefined }]);
    const { token } = await run.claim(0, { leaseMs: 60_000 });
    expect(await overdue()).toEqual([]);
    await run.settle(0, token, { take: [[1, 1, -1]] });
    expect(await overdue()).toEqual([{ node: 1, attempt: 1, predecessor: 0 }]);
    await run.claim(1, { leaseMs: -1 });
    expect(await overdue()).toEqual([{ node: 1, attempt: 1, predecessor: 0 }]);
  });

  it('are looked at again only after a while', async () => {
    expect(await overdue(60_000)).toHaveLength(1);
    expect(await overdue()).toEqual([]);
  });

  it('are none of runs that have ended or gone; their leases are tidied away', async () => {
    await run.state.decide({ ...run.context, status: 'stopped', error: null });
    await redis.zadd(shardKeys.leases(0), 1, 'unknown|0|0');
    expect(await overdue()).toEqual([]);
    expect(await redis.zcard(shardKeys.leases(0))).toBe(0);
  });

  it('of a retry are those of the coming attempt', async () => {
    await run.settle(0, (await run.claim(0)).token, {}, { outcome: 'retry', exceptions: 1 });
    expect(await overdue()).toMatchObject([{ node: 0, attempt: 2 }]);
  });
});

it('runs past their time, and those whose end nobody published, are found until they are published or forgotten', async () => {
  const ref = { runId: run.context.runId, shard: 0 };
  expect(await recovery.overdueRuns(0, 10)).toEqual([]);
  await redis.zadd(shardKeys.deadlines(0), 1, ref.runId);
  expect(await recovery.overdueRuns(0, 10)).toEqual([ref]);
  expect(await recovery.unpublished(0, -1000, 10)).toEqual([]);
  await run.state.decide({ ...run.context, status: 'failed', error: 'over' });
  expect(await recovery.unpublished(0, 60_000, 10)).toEqual([]);
  expect(await recovery.unpublished(0, -1000, 10)).toEqual([ref]);
  await recovery.forget(ref);
  expect([await recovery.overdueRuns(0, 10), await recovery.unpublished(0, -1000, 10)]).toEqual([[], []]);
});

it('an epoch rises and never falls, and none is given to a run that is gone', async () => {
  const epoch = () => redis.hget(runKeys.state(run.context), 'ep');
  await recovery.raiseEpoch(run.context, 3);
  await recovery.raiseEpoch(run.context, 2);
  expect(await epoch()).toBe('3');
  await recovery.drop(run.context);
  await recovery.raiseEpoch(run.context, 4);
  expect([await epoch(), await recovery.present([run.context])]).toEqual([null, [false]]);
  expect(await redis.keys(`*${run.context.runId}*`)).toEqual([]);
});

describe('bells', () => {
  /** How often a follower and a worker are rung before a run is stopped, and from then on. */
  async function rings(mode: 'all' | 'end' | 'watch', events = ['"error"', '"end"']) {
    const subscriber = redis.duplicate();
    const fail = (error: Error): never => {
      throw error;
    };
    const heard: string[] = [];
    const rung = new RunFixture(
      createRunState(redis),
      mode === 'watch' ? {} : { bell: { channel: shardKeys.bell(0, mode), mode } },
    );
    const { runId } = rung.context;
    const hearStop = (id: string): void => {
      if (id === runId) heard.push('worker');
    };
    onStops(subscriber, 0, hearStop, fail);
    // Subscribed after the other, on the same connection.
    const bell = createDoorbell(redis, subscriber, 0, mode, fail);
    const brought: StoredEvent[] = [];
    bell.onRing((id, ending = []) => {
      heard.push(id === runId ? 'follower' : id);
      brought.push(...ending);
    });
    while (((await redis.pubsub('NUMSUB', bell.channel)) as [string, number])[1] === 0);
    /** What was heard so far: rings arrive in order, so this one comes last. */
    const soFar = async (): Promise<string[]> => {
      await redis.publish(bell.channel, 'mark');
      while (!heard.includes('mark')) await new Promise(setImmediate);
      return heard.splice(0).filter((each) => each !== 'mark');
    };
    await rung.start();
    if (mode === 'watch') await bell.watch(rung.context);
    await rung.run(0, { take: [[1, 1, -1]] });
    const before = await soFar();
    await rung.state.decide({ ...rung.context, status: 'stopped', error: null });
    await rung.state.publishEnd(rung.context, { events, ledger: '{}', leased: [] });
    const after = await soFar();
    subscriber.disconnect();
    return { before, after, brought };
  }

  it('the end comes with the ring to those who wait for nothing else, if it is not large', async () => {
    const ids = async (...args: Parameters<typeof rings>) => (await rings(...args)).brought.map(({ id }) => id);
    expect((await rings('end')).brought).toEqual([
      { id: '1-4', event: '"error"' },
      { id: '1-5', event: '"end"' },
    ]);
    expect(await ids('all')).toEqual([]);
    expect(await ids('end', [`"${'x'.repeat(20_000)}"`])).toEqual([]);
  });

  it.each([
    ['all', { before: ['follower', 'follower'], after: ['worker', 'follower'] }],
    ['watch', { before: ['follower'], after: ['worker', 'follower'] }],
    ['end', { before: [], after: ['worker', 'follower'] }],
  ] as const)('%s: followers hear what they want to hear, workers of a stop', async (mode, expected) => {
    expect(await rings(mode)).toMatchObject(expected);
  });
});

describe('ledger', () => {
  it('gives an entry to one recorder, again to another when nobody acknowledged it, and counts', async () => {
    const blocking = redis.duplicate();
    const [one, two] = ['one', 'two'].map((consumer) => createLedger(blocking, redis, 0, { consumer }));
    await run.run(0, {}, { isEnd: true, outputs: JSON.stringify({ v: 'x'.repeat(100_000) }) });
    await run.state.publishEnd(run.context, { events: ['"end"'], ledger: '{"tenantId":"t"}', leased: [] });
    const [entry] = (await one?.read({ count: 10, blockMs: 1000 })) ?? [];
    expect(entry).toMatchObject({ kind: 'end', runId: run.context.runId, tenantId: 't' });
    expect(entry?.bytes).toBeGreaterThan(100_000);
    expect(entry?.bytes).toBeLessThan(101_000);
    expect(await two?.read({ count: 10, blockMs: 1 })).toEqual([]);
    expect(await two?.reclaim({ minIdleMs: 60_000, count: 10 })).toEqual([]);
    expect(await two?.reclaim({ minIdleMs: 0, count: 10 })).toMatchObject([{ entry, deliveries: 2 }]);
    await two?.park(entry ? [entry] : []);
    await two?.ack([entry?.id ?? '']);
    expect(await one?.reclaim({ minIdleMs: 0, count: 10 })).toEqual([]);
    expect(await redis.xlen(shardKeys.ledger(0))).toBe(0);
    expect(await redis.lrange(`${shardKeys.ledger(0)}:parked`, 0, -1)).toEqual([JSON.stringify(entry)]);
    blocking.disconnect();
  });
});
