import { newId, type Claim, type RunState, type StreamTable } from '@millrace/contracts';
import { freshRedis } from '@millrace/testing';
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.js';
import { createRunState } from './run-state.js';
import { RunFixture } from './testing/run-fixture.js';

/** S1, S2: whatever a zombie says, whenever it says it, changes nothing at all. */
let redis: Redis;
let state: RunState;
let run: RunFixture;

const stream: StreamTable = {
  ends: [{ node: 1, paths: [[]], segments: [{ sel: 0, node: 0, selector: '["a","text"]' }] }],
};

beforeEach(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
  run = new RunFixture(state, { stream });
  await run.start();
});
afterEach(() => {
  redis.disconnect();
});

const readers: Record<string, (key: string) => Promise<unknown>> = {
  hash: (key) => redis.hgetall(key),
  stream: (key) => redis.xrange(key, '-', '+'),
  zset: (key) => redis.zrange(key, 0, '-1', 'WITHSCORES'),
};

/** Everything there is, by key. */
async function everything(): Promise<Record<string, unknown>> {
  const keys = await redis.keys('*');
  const found = keys.map(async (key) => [key, await readers[await redis.type(key)]?.(key)] as const);
  return Object.fromEntries(await Promise.all(found));
}

/** Ways in which a claim can have ceased to stand. */
const pasts: Record<string, (claim: Claim) => Promise<unknown>> = {
  'with a token that never was': async () => undefined,
  'after its job was redelivered': () => run.claim(0),
  'after its lease ran out': async (claim) => {
    await redis.zadd('{s0}:leases', 1, `${claim.runId}|0|0`);
    await run.claim(0, { jobId: 'other' });
  },
  'after it handed its node back': (claim) => run.settle(0, claim.token, {}, { outcome: 'release' }),
  'after its attempt failed': (claim) => run.settle(0, claim.token, {}, { outcome: 'retry', exceptions: 1 }),
  'after the run was stopped': () => state.decide({ ...run.context, status: 'stopped', error: null }),
  'after the run had ended': async () => {
    await state.decide({ ...run.context, status: 'failed', error: 'Aborted.' });
    await state.publishEnd(run.context, { events: ['"end"'], ledger: '{}', leased: [] });
  },
};

const event = { head: [',"node":0,"index":', ''] as [string, string], started: '}' };

/** What a worker may say of its claim, and what it hears when the claim does not stand. */
const calls: Record<string, [call: (claim: Claim) => Promise<unknown>, answer: unknown]> = {
  announce: [(claim) => state.announce({ ...claim, started: event, ledger: '{}', retryEvent: '"retry"' }), 'stale'],
  emit: [(claim) => state.emit({ ...claim, sel: 0, text: '"x"', piece: 1, final: true }), 'stale'],
  reason: [(claim) => state.reason({ ...claim, event: '"reason"', piece: 1, shownBy: [0] }), 'stale'],
  renew: [(claim) => state.renew(0, 60_000, [claim]), [false]],
  ...Object.fromEntries(
    (['done', 'retry', 'release', 'failed'] as const).map((outcome) => [
      `settle ${outcome}`,
      [
        ({ token }: Claim) => run.settle(0, token, { take: [[1, 1, -1]] }, { outcome, tokens: 7, exceptions: 1 }),
        { kind: 'stale' },
      ],
    ]),
  ),
};

describe.each(Object.keys(pasts))('%s', (past) => {
  it.each(Object.keys(calls))('%s changes nothing', async (name) => {
    const { token } = await run.claim(0);
    const claim: Claim = { runId: run.context.runId, shard: 0, address: { frame: 0, node: 0 }, token };
    await pasts[past]?.(claim);
    const before = await everything();
    const [call, answer] = calls[name] ?? [];
    const zombie = past === 'with a token that never was' ? { ...claim, token: newId() } : claim;
    expect(await call?.(zombie)).toEqual(answer);
    expect(await everything()).toEqual(before);
  });
});
