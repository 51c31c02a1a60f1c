import { newId, OtherRelease, runFormat } from '@millrace/contracts';
import { freshRedis } from '@millrace/testing';
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.js';
import { runKeys, shardKeys } from './keys.js';
import { createLedger } from './ledger.js';
import { createRecovery } from './recovery.js';
import { createRunState } from './run-state.js';
import { RunFixture } from './testing/run-fixture.js';

let redis: Redis;
let run: RunFixture;

beforeEach(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  run = new RunFixture(createRunState(redis, { readyGraceMs: 0 }));
  await run.start();
});
afterEach(() => {
  redis.disconnect();
});

const state = () => redis.hgetall(runKeys.state(run.context));

it('a run says in which format it was started', async () => {
  expect(await state()).toMatchObject({ v: String(runFormat.written) });
});

it('a run of the release before formats were told runs on to its end', async () => {
  await redis.hdel(runKeys.state(run.context), 'v');
  expect(await run.run(0, { take: [[1, 1, -1]] })).toEqual([1]);
  await run.settle(1, newId(), {}, { unclaimedMs: 1, streamMoves: false });
  const decided = await run.state.decided(run.context);
  expect(decided).toMatchObject({ status: 'succeeded' });
  expect(await run.state.publishEnd(run.context, { events: ['"end"'], ledger: '{}', leased: [] })).toBe('published');
});

describe('a run of a newer format (F2)', () => {
  let token: string;
  beforeEach(async () => {
    ({ token } = await run.claim(0));
    await redis.hset(runKeys.state(run.context), 'v', runFormat.newest + 1);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['begun', () => run.begin(0, { jobId: 'other' })],
    ['settled', () => run.settle(0, token, {})],
    ['settled unclaimed', () => run.settle(0, newId(), {}, { unclaimedMs: 1 })],
    ['stopped', () => run.state.decide({ ...run.context, status: 'stopped', error: 'Stopped by user.' })],
  ])('is not %s, and nothing about it changes', async (_, call) => {
    const before = await state();
    await expect(call()).rejects.toThrow(OtherRelease);
    await expect(call()).rejects.toThrow('belongs to another release of Millrace');
    expect(await state()).toEqual(before);
  });

  it('is not ended for the release that decided its end', async () => {
    await redis.hset(runKeys.state(run.context), 'st', 'decided');
    await expect(run.state.decided(run.context)).rejects.toThrow(OtherRelease);
  });

  it('shows its format to whoever looks for lost jobs', async () => {
    await redis.zadd(shardKeys.leases(0), 1, `${run.context.runId}|0|0`);
    const { nodes } = await createRecovery(redis).overdueNodes(0, 10, 1000);
    expect(nodes).toMatchObject([{ format: runFormat.newest + 1 }]);
  });
});

it('ledger entries of a kind that only another release knows stay pending and are blamed for nothing', async () => {
  const blocking = redis.duplicate();
  const ledger = createLedger(blocking, redis, 0, { consumer: 'recorder' });
  const meta = JSON.stringify({ tenantId: 't', appId: 'a', createdAtMs: 1 });
  const add = (kind: string) =>
    redis.xadd(shardKeys.ledger(0), '*', 'k', kind, 'r', 'run', 'm', meta, 'a', '', 'z', '1-1');
  const foreign = await add('future');
  const own = await add('nodes');
  try {
    expect((await ledger.read({ count: 10, blockMs: 1000 })).map(({ id }) => id)).toEqual([own]);
    await ledger.ack([own ?? '']);
    for (let i = 0; i < 5; i++) expect(await ledger.reclaim({ minIdleMs: 0, count: 10 })).toEqual([]);
    const [pending] = (await redis.xpending(shardKeys.ledger(0), 'recorder', '-', '+', 10)) as unknown[][];
    expect([pending?.[0], pending?.[3]]).toEqual([foreign, 0]);
  } finally {
    blocking.disconnect();
  }
});
