import { newId, type NodeJob } from '@millrace/contracts';
import { connectRedis, createRunState } from '@millrace/state';
import { freshRedis } from '@millrace/testing';
import { delivered, puppet, runWith, succeeded, until } from './testing/one-node-run.js';

/** S4: what this process has settled it need not read, as long as its settlement is the one that counts. */
let redis: ReturnType<typeof connectRedis>;

beforeAll(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
});
afterAll(() => {
  redis.disconnect();
});

/** A run whose code node was settled twice, the second time in vain; both say that the End node is ready. */
async function settledTwice() {
  const { executor, next } = puppet({ quick: true });
  const run = await runWith({ redis, state: createRunState(redis) }, executor);
  for (const result of ['first', 'in vain']) {
    const working = run.execute(run.job, delivered);
    (await next()).end(succeeded(result));
    await working;
  }
  const [counts, inVain] = run.queued;
  if (!counts || !inVain) throw new Error('the End node was not queued');
  return { run, counts, inVain };
}

it.each([
  ['of the execution that counts are not read', ({ counts }: Jobs) => counts, ['evalsha']],
  ['of another process are read', ({ counts }: Jobs) => ({ ...counts, after: newId() }), ['hmget', 'evalsha']],
  ['that do not count are refused, and read', ({ inVain }: Jobs) => inVain, ['evalsha', 'evalsha', 'evalsha']],
])('values %s', async (_, chosen, expected) => {
  const { run, ...jobs } = await settledTwice();
  expect(jobs.inVain.after).not.toBe(jobs.counts.after);
  const commands: string[] = [];
  const monitor = await redis.duplicate().monitor();
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (source !== 'lua' && args.some((text) => text.includes(run.context.runId))) commands.push(args[0] ?? '');
  });
  await run.execute(chosen(jobs), delivered);
  await until(() => commands.length >= expected.length);
  monitor.disconnect();
  expect(commands).toEqual(expected);
  expect(run.endings).toMatchObject([{ status: 'succeeded' }]);
});

type Jobs = Record<'counts' | 'inVain', NodeJob>;
