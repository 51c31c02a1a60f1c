import { HandedBack } from '@millrace/engine';
import { connectRedis, createRunState } from '@millrace/state';
import { freshRedis } from '@millrace/testing';
import { delivered, failed, puppet, redelivered, runWith as runOn, succeeded, until } from './testing/one-node-run.js';

/** S3: pure nodes start without a claim, and are claimed when they are not done soon. */
let redis: ReturnType<typeof connectRedis>;
let state: ReturnType<typeof createRunState>;

beforeAll(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
});
afterAll(() => {
  redis.disconnect();
});

const runWith = (...[executor, options]: Tail<Parameters<typeof runOn>>) => runOn({ redis, state }, executor, options);
type Tail<All extends unknown[]> = All extends [unknown, ...infer Rest] ? Rest : never;

const never = 60_000;

it('one that is soon done is claimed, numbered and settled in one transition', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: never, claimAfterMs: never });
  const working = run.execute(run.job, delivered);
  const { request, end: finish } = await next();
  request.begins?.();
  expect(await run.claims.renew(1000)).toBeUndefined();
  expect(request.signal.aborted).toBe(false);
  finish(succeeded('done'));
  await working;
  const [started, finished] = await run.events();
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
  expect(started?.data).toMatchObject({ index: 2, id: request.executionId });
  expect(finished?.data).toMatchObject({ index: 2, id: request.executionId });
  expect(run.queued).toHaveLength(1);
  expect(run.claims.size()).toBe(0);
});

it('one that goes on after it began is claimed and announced while it runs, with its inputs', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: 1, claimAfterMs: never });
  const working = run.execute(run.job, delivered);
  const { request, end: finish } = await next();
  request.reportInputs?.({ a: 1 });
  request.begins?.();
  await until(async () => (await run.names()).length === 1);
  await run.claims.renew(10_000);
  expect(request.signal.aborted).toBe(false);
  finish(succeeded('done'));
  await working;
  const events = await run.events();
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
  expect(events[0]?.data).toMatchObject({ index: 2, id: request.executionId, inputs: { a: 1 } });
  expect(events[1]?.data).toMatchObject({ index: 2, id: request.executionId });
  expect(run.queued).toHaveLength(1);
});

it('one that waits for long is claimed while it waits', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: never, claimAfterMs: 1 });
  const working = run.execute(run.job, delivered);
  const { request, end: finish } = await next();
  await until(async () => (await run.names()).length === 1);
  request.begins?.();
  finish(succeeded('done'));
  await working;
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
});

it.each([
  ['unclaimed, by the doorbell', never],
  ['claimed, by the doorbell', 1],
])('a stop aborts it: %s', async (_, announceAfterMs) => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs, claimAfterMs: never });
  const working = run.execute(run.job, delivered);
  const { request } = await next();
  request.begins?.();
  if (announceAfterMs === 1) await until(async () => (await run.names()).length === 1);
  await state.decide({ ...run.context, status: 'stopped', error: null });
  run.claims.abortRun(run.context.runId);
  await working;
  expect(request.signal.aborted).toBe(true);
  expect(run.queued).toEqual([]);
  expect(await run.names()).toEqual(announceAfterMs === 1 ? ['node_started'] : []);
});

it('a stop that nobody told aborts it when it is to be claimed, and its result counts for nothing', async () => {
  const slow = puppet();
  const run = await runWith(slow.executor, { announceAfterMs: 1, claimAfterMs: never });
  await state.decide({ ...run.context, status: 'stopped', error: null });
  const working = run.execute(run.job, delivered);
  const { request } = await slow.next();
  request.begins?.();
  await working;
  expect(request.signal.aborted).toBe(true);

  const fast = puppet();
  const other = await runWith(fast.executor, { announceAfterMs: never, claimAfterMs: never });
  const going = other.execute(other.job, delivered);
  const { end: finish } = await fast.next();
  await state.decide({ ...other.context, status: 'stopped', error: null });
  finish(succeeded('late'));
  await going;
  expect([await run.names(), await other.names()]).toEqual([[], []]);
});

it('a worker that stops hands it back as it was, claimed or not', async () => {
  for (const announceAfterMs of [never, 1]) {
    const { executor, next } = puppet();
    const run = await runWith(executor, { announceAfterMs, claimAfterMs: never });
    const working = run.execute(run.job, delivered);
    const { request } = await next();
    request.begins?.();
    if (announceAfterMs === 1) await until(async () => (await run.names()).length === 1);
    run.claims.abortAll();
    await expect(working).rejects.toBeInstanceOf(HandedBack);
    expect(await run.stored()).toMatch(/^ready\|1\|/);
  }
});

it('delivered twice at once it is settled once', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: never, claimAfterMs: never });
  const both = [run.execute(run.job, delivered), run.execute(run.job, delivered)];
  for (const each of [await next(), await next()]) each.end(succeeded('done'));
  await Promise.all(both);
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
  expect((await run.stored())?.startsWith('done|')).toBe(true);
});

it('redelivered after its worker died it is claimed at once; what the first one still says counts for nothing', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: never, claimAfterMs: never });
  const zombie = run.execute(run.job, delivered);
  const first = await next();
  const working = run.execute(run.job, redelivered);
  const second = await next();
  expect(await run.stored()).toMatch(/^running\|1\|/);
  first.end(succeeded('first'));
  await zombie;
  second.end(succeeded('second'));
  await working;
  const [, finished] = await run.events();
  expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
  expect(finished?.data).toMatchObject({ id: second.request.executionId, outputs: { x: 'second' } });
});

it('queued once more by the reconciler after its worker died it is claimed at once', async () => {
  const { executor, next } = puppet();
  const run = await runWith(executor, { announceAfterMs: 1, claimAfterMs: never });
  const zombie = run.execute(run.job, delivered);
  const first = await next();
  first.request.begins?.();
  await until(async () => (await run.names()).length === 1);
  const working = run.execute({ ...run.job, overdueToken: (await run.stored())?.split('|')[2] ?? '' }, delivered);
  (await next()).end(succeeded('second'));
  await working;
  first.end(succeeded('first'));
  await zombie;
  expect((await run.events())[1]?.data).toMatchObject({ outputs: { x: 'second' } });
  expect(run.queued[0]?.overdueToken).toBeUndefined();
});

it.each([{ quick: true }, { quick: false }])(
  'a failure that is retried belongs to one execution with one number: %j',
  async (settings) => {
    const { executor, next } = puppet(settings);
    const retry = { retry_config: { retry_enabled: true, max_retries: 1, retry_interval: 1 } };
    const run = await runWith(executor, { retry, announceAfterMs: never, claimAfterMs: never });
    const working = run.execute(run.job, delivered);
    (await next()).end(failed);
    await working;
    const [second] = run.queued.splice(0);
    expect(second).toMatchObject({ node: run.job.node, attempt: 2 });
    const again = run.execute({ ...run.job, ...second }, { jobId: 'job2', again: false });
    (await next()).end(succeeded('done'));
    await again;
    const events = await run.events();
    expect(await run.names()).toEqual(['node_started', 'node_retry retry', 'node_finished succeeded']);
    expect(new Set(events.map(({ data }) => `${data.id} ${data.index}`)).size).toBe(1);
    expect(events[0]?.data.index).toBe(2);
  },
);
