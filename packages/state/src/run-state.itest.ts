import { jest } from '@jest/globals';
import { newId, type EdgeTable, type RunState } from '@millrace/contracts';
import { freshRedis } from '@millrace/testing';
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.js';
import { runKeys, shardKeys } from './keys.js';
import { createRunEvents } from './run-events.js';
import { createRunState } from './run-state.js';
import { RunFixture } from './testing/run-fixture.js';

let redis: Redis;
let state: RunState;

beforeAll(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
});
afterAll(() => {
  redis.disconnect();
});

/** Node events as `name node #index`, others as they were given. */
const shown = (event: string): string => {
  const parsed = JSON.parse(event) as string | { event: string; node: number; index: number };
  return typeof parsed === 'string' ? event : `${parsed.event} ${parsed.node} #${parsed.index}`;
};
const eventsOf = async (run: RunFixture): Promise<string[]> =>
  ((await createRunEvents(redis).ranges([{ run: run.context }]))[0] ?? []).map(({ event }) => shown(event));
const started = async (options: ConstructorParameters<typeof RunFixture>[1] = {}): Promise<RunFixture> => {
  const run = new RunFixture(state, options);
  await run.start();
  return run;
};

describe('start', () => {
  it('is idempotent by run id', async () => {
    const run = await started();
    expect(await run.start()).toBe('exists');
    expect(await eventsOf(run)).toEqual(['"workflow_started"']);
  });
});

describe('start of a lost run', () => {
  it('keeps the recorded events under their ids, and the time of the first begin', async () => {
    const recorded = { events: [{ id: '0-7', event: '"recorded"' }], startedAtMs: 1_700_000_000_000 };
    const run = await started({ recorded });
    await run.settle(0, newId(), {}, { unclaimedMs: 1, streamMoves: false });
    const [events = []] = await createRunEvents(redis).ranges([{ run: run.context }]);
    expect(events.map(({ id }) => id)).toEqual(['0-7', '1-1', '1-2']);
    expect(await state.decided(run.context)).toMatchObject({ startedAtMs: recorded.startedAtMs });
  });
});

describe('settle of a recorded node', () => {
  it('is silent; later nodes are numbered behind all recorded ones, and gaps are no steps', async () => {
    const run = await started({ recorded: { events: [], startedAtMs: Date.now() } });
    const again = async (node: number, index: number, take: EdgeTable['take']): Promise<void> => {
      await run.run(node, { take }, { recorded: { retries: node, index } });
    };
    await again(0, 1, [
      [1, 1, -1],
      [2, 1, -1],
    ]);
    await again(2, 5, []);
    await again(1, 3, [[3, 1, -1]]);
    const [last] = [await run.claim(3)];
    expect(await run.settle(3, last.token, {})).toMatchObject({
      decided: { status: 'partial-succeeded', steps: 7, exceptions: 3 },
    });
    expect((await eventsOf(run)).slice(-2)).toEqual(['node_started 3 #6', 'node_finished 3 #6']);
  });
});

describe('start that nobody waits for any more', () => {
  it('does nothing after its time, nor when the recorder is far behind', async () => {
    const late = new RunFixture(state, { withinMs: -1000 });
    expect(await late.start()).toBe('late');
    const full = new RunFixture(createRunState(redis, { maxLedgerEntries: -1 }));
    expect(await full.start()).toBe('full');
    expect(await eventsOf(full)).toEqual([]);
  });

  it('goes by the clock of Redis, wherever that of this process stands', async () => {
    const real = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => real() - 3_600_000);
    const run = new RunFixture(createRunState(redis), { withinMs: 1_400 });
    // The first may come before the clock was measured.
    while ((await run.start()) !== 'started');
    clock.mockRestore();
  });
});

describe('calls that are sent again after a broken connection', () => {
  it('begin answers the same and counts no crash', async () => {
    const run = await started();
    const request = { ...run.context, address: { frame: 0, node: 0 }, attempt: 1, jobId: 'j', token: newId() };
    const wanted = { reads: [], context: true, inputs: true };
    const again = { ...request, ...wanted, executionId: newId(), leaseMs: 10_000, streams: [] };
    expect(await state.begin(again)).toEqual(await state.begin(again));
  });

  it('settle answers what nobody has begun', async () => {
    const run = await started();
    const { token } = await run.claim(0);
    const edges: Partial<EdgeTable> = {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    };
    await run.settle(0, token, edges);
    await run.claim(1);
    expect(await run.settle(0, token, edges)).toMatchObject({ kind: 'applied', ready: [{ node: 2, attempt: 1 }] });
    expect(await eventsOf(run)).toHaveLength(3);
  });
});

describe('begin', () => {
  it('claims a ready node and reads its variables; it has no number yet', async () => {
    const run = await started();
    expect(await run.run(0, { take: [[1, 1, -1]] })).toEqual([1]);
    const begun = await run.claim(1, { reads: ['n0', 'missing'] });
    expect(begun).toMatchObject({
      index: 0,
      inputs: '{"a":1.0}',
      reads: ['{"v":0}', null],
      crashes: 0,
      announced: false,
    });
    expect(begun.context).toEqual(run.context);
  });

  it('gives a node that is not ready, another attempt or an unknown run nothing', async () => {
    const run = await started();
    expect(await run.begin(5)).toEqual({ kind: 'gone' });
    expect(await run.begin(0, { attempt: 2 })).toEqual({ kind: 'gone' });
    expect(await new RunFixture(state).begin(0)).toEqual({ kind: 'gone' });
  });

  it('gives a duplicate job beside a live owner nothing', async () => {
    const run = await started();
    await run.claim(0);
    expect(await run.begin(0, { jobId: 'other' })).toEqual({ kind: 'busy' });
  });

  it('takes a node from an owner whose lease was seen to run out, whatever job it was queued as', async () => {
    const run = await started();
    const { token } = await run.claim(0, { jobId: 'job-late#3' });
    expect(await run.begin(0, { jobId: 'job#1', overdueToken: newId() })).toEqual({ kind: 'busy' });
    const begun = await run.begin(0, { jobId: 'job#1', overdueToken: token });
    expect(begun).toMatchObject({ kind: 'begun', crashes: 1, formerToken: token });
  });

  it('gives an older delivery of the same job nothing beside a live owner', async () => {
    const run = await started();
    await run.claim(0, { jobId: 'job#2' });
    expect(await run.begin(0, { jobId: 'job#1' })).toEqual({ kind: 'busy' });
    expect(await run.begin(0, { jobId: 'job#10' })).toMatchObject({ kind: 'begun', crashes: 1 });
  });

  it('lets a redelivered job take over, with the same execution id, and fences the old owner', async () => {
    const run = await started();
    const first = await run.claim(0);
    const second = await run.claim(0);
    expect(second).toMatchObject({ executionId: first.executionId, crashes: 1 });
    expect(await run.settle(0, first.token, {})).toEqual({ kind: 'stale' });
    expect(await run.settle(0, second.token, {})).toMatchObject({ kind: 'applied' });
  });

  it('lets another job take over once the lease ran out', async () => {
    const run = await started();
    await run.claim(0, { leaseMs: -1 });
    expect(await run.begin(0, { jobId: 'other' })).toMatchObject({ kind: 'begun', crashes: 1 });
  });
});

describe('announce', () => {
  it('emits node_started once and refuses a wrong token', async () => {
    const run = await started();
    const { token } = await run.claim(0);
    const event = { head: [',"node":0,"index":', ''] as [string, string], started: '}' };
    const request = { ...run.context, address: { frame: 0, node: 0 }, started: event, ledger: '{}' };
    expect(await state.announce({ ...request, token: newId() })).toBe('stale');
    expect(await state.announce({ ...request, token })).toBe('ok');
    expect(await state.announce({ ...request, token })).toBe('ok');
    await run.settle(0, token, { take: [[1, 1, -1]] });
    expect(await eventsOf(run)).toEqual(['"workflow_started"', 'node_started 0 #1', 'node_finished 0 #1']);
  });

  it('numbers nodes as their starts are told, not as they were begun; the untold come last, and all are steps', async () => {
    const run = await started();
    const take: Partial<EdgeTable>['take'] = [
      [1, 1, -1],
      [2, 1, -1],
      [3, 1, -1],
    ];
    await run.run(0, { take });
    const [one, two] = [await run.claim(1), await run.claim(2), await run.claim(3)];
    const place = { ...run.context, address: { frame: 0, node: 2 }, token: two.token };
    const event = { head: [',"node":2,"index":', ''] as [string, string], started: '}' };
    await state.announce({ ...place, started: event, ledger: '{}' });
    await run.settle(1, one.token, {});
    const told = (await eventsOf(run)).filter((event) => event.startsWith('node_started'));
    expect(told).toEqual(['node_started 0 #1', 'node_started 2 #2', 'node_started 1 #3']);
    const { decided } = await state.decide({ ...run.context, status: 'stopped', error: null });
    const running = decided?.running.map(({ node, index, startedEvent }) => [node, index, startedEvent]);
    expect(running?.sort()).toEqual([
      [2, 2, '{"event":"node_started","node":2,"index":2}'],
      [3, 4, undefined],
    ]);
    expect(decided?.steps).toBe(4);
  });
});

describe('settle', () => {
  it('refuses a wrong token and applies a result once', async () => {
    const run = await started();
    const { token } = await run.claim(0);
    expect(await run.settle(0, newId(), {})).toEqual({ kind: 'stale' });
    expect(await run.settle(0, token, { take: [[1, 1, -1]] })).toMatchObject({ kind: 'applied' });
    expect(await eventsOf(run)).toEqual(['"workflow_started"', 'node_started 0 #1', 'node_finished 0 #1']);
  });

  it('joins: a node is ready when all incoming edges are resolved', async () => {
    const run = await started();
    expect(
      await run.run(0, {
        take: [
          [1, 1, -1],
          [2, 1, -1],
        ],
      }),
    ).toEqual([1, 2]);
    expect(await run.run(1, { take: [[3, 2, -1]] })).toEqual([]);
    expect(await run.run(2, { take: [[3, 2, -1]] })).toEqual([3]);
  });

  it('skips before it takes: a node fed by both handles is queued once', async () => {
    const run = await started();
    expect(await run.run(0, { skip: [[1, 2, -1]], take: [[1, 2, -1]] })).toEqual([1]);
  });

  it('propagates skips, and a join behind a skipped branch still runs', async () => {
    const run = await started();
    const edges = { take: [[1, 1, -1]], skip: [[2, 1, -1]], below: { 2: [[3, 1, -1]], 3: [[4, 2, -1]] } } as never;
    expect(await run.run(0, edges)).toEqual([1]);
    expect(await run.begin(3)).toEqual({ kind: 'gone' });
    expect(await run.run(1, { take: [[4, 2, -1]] })).toEqual([4]);
  });

  it('skips and takes thousands of edges at once', async () => {
    const run = await started();
    const entries = (from: number): [number, number, number][] =>
      Array.from({ length: 4500 }, (_, i) => [from + i, 1, -1]);
    const ready = await run.run(0, { skip: entries(1), take: entries(5001) });
    expect(ready).toHaveLength(4500);
    expect((await run.begin(9500)).kind).toBe('begun');
    expect((await run.begin(4500)).kind).toBe('gone');
  });

  it('ends the run when nothing is left: everything skipped is no error', async () => {
    const run = await started();
    const settled = await run.settle(0, (await run.claim(0)).token, { skip: [[1, 1, -1]] }, { isEnd: true });
    expect(settled).toMatchObject({ decided: { status: 'succeeded', steps: 1, endOutputs: ['{"v":0}'], running: [] } });
  });

  it('counts handled failures: partial-succeeded', async () => {
    const run = await started();
    const settled = await run.settle(0, (await run.claim(0)).token, {}, { exceptions: 1, tokens: 7 });
    expect(settled).toMatchObject({ decided: { status: 'partial-succeeded', exceptions: 1, tokens: 7, error: null } });
  });

  it('fails the run, fences the other nodes and names them', async () => {
    const run = await started();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    const [one, two] = [await run.claim(1), await run.claim(2)];
    const settled = await run.settle(
      1,
      one.token,
      {},
      { outcome: 'failed', error: 'boom', outputs: null, exceptions: 1 },
    );
    expect(settled).toMatchObject({ decided: { status: 'failed', error: 'boom', running: [{ node: 2, index: 3 }] } });
    expect(await run.settle(2, two.token, {})).toEqual({ kind: 'stale' });
  });

  it('repeats a node as the next attempt; node_retry comes when that begins', async () => {
    const run = await started();
    const first = await run.claim(0);
    const settled = await run.settle(0, first.token, {}, { outcome: 'retry', exceptions: 1, tokens: 5 });
    expect(settled).toMatchObject({ ready: [{ frame: 0, node: 0, attempt: 2 }] });
    expect(await run.begin(0)).toEqual({ kind: 'gone' });
    expect(await eventsOf(run)).toEqual(['"workflow_started"', 'node_started 0 #1']);
    const second = await run.claim(0, { attempt: 2 });
    expect(second).toMatchObject({ executionId: first.executionId, index: 1, announced: true });
    const end = await run.settle(0, second.token, {}, { tokens: 7 });
    expect(end).toMatchObject({ decided: { status: 'partial-succeeded', steps: 2, tokens: 12 } });
    expect(await eventsOf(run)).toEqual([
      '"workflow_started"',
      'node_started 0 #1',
      'node_retry 0 #1',
      'node_finished 0 #1',
    ]);
  });

  it('knows when the last attempt of a node that is cut off began (dsl 3.11)', async () => {
    const run = await started();
    const { token, startedAtMs } = await run.claim(0);
    await run.settle(0, token, {}, { outcome: 'retry', exceptions: 1 });
    while (Date.now() <= startedAtMs + 1) await new Promise(setImmediate);
    await run.claim(0, { attempt: 2 });
    const { decided } = await state.decide({ ...run.context, status: 'stopped', error: 'Stopped by user.' });
    const [cutOff] = decided?.running ?? [];
    expect(cutOff).toMatchObject({ startedAtMs, startedEvent: '{"event":"node_started","node":0,"index":1}' });
    expect(cutOff?.attemptAtMs).toBeGreaterThan(startedAtMs);
  });

  it('hands a node back untouched', async () => {
    const run = await started();
    const { token } = await run.claim(0);
    await run.settle(0, token, {}, { outcome: 'release' });
    expect(await run.claim(0)).toMatchObject({ crashes: 0, index: 0 });
  });

  it('ends a run over its step limit and names the limit', async () => {
    const run = await started({ maxSteps: 1 });
    await run.run(0, { take: [[1, 1, -1]] });
    const settled = await run.settle(1, (await run.claim(1)).token, { take: [[2, 1, -1]] });
    expect(settled).toMatchObject({
      decided: { status: 'failed', error: 'Aborted: Maximum execution steps exceeded: 2 > 1' },
    });
  });

  describe('bounds what a run takes', () => {
    const large = { outputs: JSON.stringify({ v: 'x'.repeat(100_000) }) };
    const over = {
      status: 'failed',
      error: expect.stringMatching(/^Aborted: Maximum size of values exceeded: \d+ > 150000 bytes$/) as string,
    };

    it('fails with the large value that was one too many; small ones are not counted', async () => {
      const run = await started({ maxValueBytes: 150_000 });
      await run.run(0, { take: [[1, 1, -1]] }, large);
      await run.run(1, { take: [[2, 1, -1]] }, { outputs: JSON.stringify({ v: 'x'.repeat(60_000) }) });
      const settled = await run.settle(2, (await run.claim(2)).token, { take: [[3, 1, -1]] }, large);
      expect(settled).toMatchObject({ ready: [], decided: over });
    });

    it('fails with a retry, and shows its node as failed', async () => {
      const run = await started({ maxValueBytes: 150_000 });
      await run.run(0, { take: [[1, 1, -1]] }, large);
      const retry = { outcome: 'retry', outputs: null, exceptions: 1 } as const;
      const events = {
        head: [',"node":1,"index":', ''] as [string, string],
        started: '}',
        finished: `"${'x'.repeat(100_000)}"}`,
      };
      const settled = await run.settle(1, (await run.claim(1)).token, {}, { ...retry, events });
      expect(settled).toMatchObject({ ready: [], decided: { ...over, running: [{ node: 1 }] } });
    });
  });

  it('counts no retry towards the step limit (dsl 3.8)', async () => {
    const run = await started({ maxSteps: 1 });
    await run.settle(0, (await run.claim(0)).token, {}, { outcome: 'retry', exceptions: 1 });
    const { token } = await run.claim(0, { attempt: 2 });
    expect(await run.settle(0, token, {})).toMatchObject({ decided: { status: 'partial-succeeded', steps: 2 } });
  });

  it('names the node whose taken edge made another ready, though a skip came last', async () => {
    const run = await started();
    await run.run(0, {
      take: [
        [1, 1, -1],
        [2, 1, -1],
      ],
    });
    await run.run(1, { take: [[3, 2, -1]] });
    const branch = await run.settle(2, (await run.claim(2)).token, { skip: [[3, 2, -1]] });
    expect(branch).toMatchObject({ ready: [{ node: 3, predecessor: 1 }] });
    await run.claim(3);
    const { decided } = await state.decide({ ...run.context, status: 'stopped', error: null });
    expect(decided?.running).toMatchObject([{ node: 3, predecessor: 1 }]);
  });
});

describe('settle of an unclaimed node (S3)', () => {
  const unclaimedMs = 3;

  it('claims, numbers and settles it at once; both events share an entry and are numbered without a gap', async () => {
    const run = await started();
    const settled = await run.settle(0, newId(), { take: [[1, 1, -1]] }, { unclaimedMs, streamMoves: false });
    expect(settled).toEqual({ kind: 'applied', ready: [{ frame: 0, node: 1, attempt: 1, predecessor: 0 }] });
    await run.settle(1, newId(), {}, { unclaimedMs });
    expect(await eventsOf(run)).toEqual([
      '"workflow_started"',
      'node_started 0 #1',
      'node_finished 0 #1',
      'node_started 1 #2',
      'node_finished 1 #2',
    ]);
    const events = createRunEvents(redis);
    const [all = []] = await events.ranges([{ run: run.context }]);
    expect(all.map(({ id }) => id)).toEqual(['1-1', '1-2', '1-3', '1-4', '1-5']);
    expect(all[2]?.node).toEqual({ meta: '{}', index: 1, startedEventId: '1-2' });
    for (const { id } of all) {
      const [rest = []] = await events.ranges([{ run: run.context, after: id }]);
      expect(rest.map((event) => event.id)).toEqual(all.map((event) => event.id).filter((each) => each > id));
    }
    expect(await state.decided(run.context)).toMatchObject({ status: 'succeeded', steps: 2, endOutputs: [] });
  });

  it('counts once, and not where somebody has begun', async () => {
    const run = await started();
    const token = newId();
    const edges: Partial<EdgeTable> = { take: [[1, 1, -1]] };
    await run.settle(0, token, edges, { unclaimedMs });
    expect(await run.settle(0, token, edges, { unclaimedMs })).toMatchObject({ ready: [{ node: 1 }] });
    expect(await run.settle(0, newId(), edges, { unclaimedMs })).toEqual({ kind: 'stale' });
    const { token: claimed } = await run.claim(1);
    expect(await run.settle(1, newId(), {}, { unclaimedMs })).toEqual({ kind: 'stale' });
    await run.settle(1, claimed, {}, { outcome: 'release' });
    expect(await run.settle(1, newId(), {}, { unclaimedMs })).toEqual({ kind: 'stale' });
    expect(await eventsOf(run)).toHaveLength(3);
  });

  it('changes nothing once the run was stopped, and may fail the run', async () => {
    const [stopped, failing] = [await started(), await started()];
    await state.decide({ ...stopped.context, status: 'stopped', error: null });
    expect(await stopped.settle(0, newId(), {}, { unclaimedMs })).toEqual({ kind: 'stale' });
    const failed = { outcome: 'failed', error: 'boom', outputs: null, exceptions: 1, unclaimedMs } as const;
    expect(await failing.settle(0, newId(), {}, failed)).toMatchObject({ decided: { status: 'failed', running: [] } });
  });
});

describe('read', () => {
  it('gives what was asked for and claims nothing', async () => {
    const run = await started();
    await run.run(0, { take: [[1, 1, -1]] });
    const address = { frame: 0, node: 1 };
    const all = { ...run.context, address, reads: ['n0', 'missing'], context: true, inputs: true };
    expect(await state.read(all)).toEqual({ context: run.context, inputs: '{"a":1.0}', reads: ['{"v":0}', null] });
    const nothing = { ...run.context, address, reads: [], context: false, inputs: false };
    expect(await state.read(nothing)).toEqual({ inputs: '{}', reads: [] });
    expect(await state.read({ ...all, ...new RunFixture(state).context, context: true })).toBeUndefined();
    expect(await run.claim(1)).toMatchObject({ crashes: 0 });
  });

  it('gives a node that is not ready nothing when a value is missing: it may be on its way', async () => {
    const run = await started();
    const request = { ...run.context, address: { frame: 0, node: 1 }, reads: ['n0'], context: false, inputs: false };
    expect(await state.read(request)).toBeUndefined();
    await run.run(0, { take: [[1, 1, -1]] });
    expect(await state.read(request)).toMatchObject({ reads: ['{"v":0}'] });
    expect(await state.read({ ...request, reads: ['never'] })).toMatchObject({ reads: [null] });
    await run.claim(1);
    expect(await state.read({ ...request, reads: ['never'] })).toBeUndefined();
  });

  it('keeps what nodes are called apart from what the state calls its own', async () => {
    const run = await started();
    await run.settle(
      0,
      newId(),
      { take: [[1, 1, -1]] },
      { nodeId: '@ctx', outputs: '{"tenantId":"x"}', unclaimedMs: 0 },
    );
    expect(await run.claim(1, { reads: ['@ctx'] })).toMatchObject({
      context: run.context,
      reads: ['{"tenantId":"x"}'],
    });
  });
});

describe('decide and publishEnd', () => {
  const end = { events: ['"finished"'], ledger: '{}', leased: [] };

  it('stops a run: nothing further starts, late results change nothing', async () => {
    const run = await started();
    const { token } = await run.claim(0);
    const decision = await state.decide({ ...run.context, status: 'stopped', error: 'Stopped by user.' });
    expect(decision).toMatchObject({ kind: 'decided', decided: { status: 'stopped', running: [{ node: 0 }] } });
    expect(await run.settle(0, token, {})).toEqual({ kind: 'stale' });
    expect(
      await state.emit({
        ...run.context,
        address: { frame: 0, node: 0 },
        token,
        sel: 0,
        text: '"x"',
        final: false,
        piece: 1,
      }),
    ).toBe('stale');
    expect((await state.decide({ ...run.context, status: 'failed', error: 'late' })).kind).toBe('already');
  });

  it('knows the leases of nodes that only waited for their job', async () => {
    const run = await started();
    const { decided } = await state.decide({ ...run.context, status: 'stopped', error: null });
    expect(decided).toMatchObject({ running: [], leased: [{ frame: 0, node: 0 }] });
    await state.publishEnd(run.context, { ...end, leased: decided?.leased ?? [] });
    expect(await redis.zscore(shardKeys.leases(0), `${run.context.runId}|0|0`)).toBeNull();
  });

  it('publishes once and leaves only what a reader needs', async () => {
    const run = await started();
    expect(await state.publishEnd(run.context, end)).toBe('already');
    await run.settle(0, (await run.claim(0)).token, {});
    expect(await state.publishEnd(run.context, end)).toBe('published');
    expect(await state.publishEnd(run.context, end)).toBe('already');
    expect(await state.decided(run.context)).toBeUndefined();
    expect(await redis.exists(runKeys.variables(run.context))).toBe(0);
    const { runId } = run.context;
    expect(await redis.zscore(shardKeys.deadlines(0), runId)).toBeNull();
    expect(await redis.zrangebylex(shardKeys.leases(0), '-', '+')).not.toContain(`${runId}|0|0`);
    expect((await eventsOf(run)).at(-1)).toBe('"finished"');
  });

  it('keeps what the recorder needs of nodes that the end cut off, told before or only now', async () => {
    const run = await started();
    await run.claim(0);
    await state.decide({ ...run.context, status: 'stopped', error: null });
    const untold = { event: '"b"', meta: '{"b":1}', index: 1 };
    const told = { event: '"d"', meta: '{"d":1}', index: 2, startedEventId: '1-1' };
    await state.publishEnd(run.context, { ...end, events: ['"a"', untold, '"c"', told, '"finished"'] });
    const [all = []] = await createRunEvents(redis).ranges([{ run: run.context }]);
    const last = all.slice(-5);
    expect(last.map(({ event, node }) => [event, node])).toEqual([
      ['"a"', undefined],
      ['"b"', { meta: '{"b":1}', index: 1, startedEventId: last[0]?.id }],
      ['"c"', undefined],
      ['"d"', { meta: '{"d":1}', index: 2, startedEventId: '1-1' }],
      ['"finished"', undefined],
    ]);
  });

  it('says gone for a run that Redis does not know', async () => {
    expect((await state.decide({ ...new RunFixture(state).context, status: 'stopped', error: null })).kind).toBe(
      'gone',
    );
    expect(await state.publishEnd(new RunFixture(state).context, end)).toBe('gone');
  });
});

describe('renew', () => {
  it('tells which claims still stand', async () => {
    const run = await started();
    const { token } = await run.claim(0);
    const claim = { ...run.context, address: { frame: 0, node: 0 } };
    expect(
      await state.renew(0, 10_000, [
        { ...claim, token },
        { ...claim, token: newId() },
      ]),
    ).toEqual([true, false]);
  });
});
