import { connectRedis, createRunState } from '@millrace/state';
import { freshRedis } from '@millrace/testing';
import { delivered, puppet, redelivered, runWith, succeeded } from './testing/one-node-run.js';

/** A node that keeps killing its workers is given up, and the run fails with what happened. */
let redis: ReturnType<typeof connectRedis>;
let state: ReturnType<typeof createRunState>;

beforeAll(async () => {
  redis = connectRedis((await freshRedis()).url, 'patient', 'test');
  state = createRunState(redis);
});
afterAll(() => {
  redis.disconnect();
});

/** Neither may set it on more workers. */
const mercies = {
  'without retries': {},
  'whatever its retries': { retry_config: { retry_enabled: true, max_retries: 5, retry_interval: 1 } },
  'whatever its error strategy': { error_strategy: 'fail-branch' },
};

/** What kills a worker never comes to an end. */
async function dieOf(node: Awaited<ReturnType<typeof runWith>>, attempts: ReturnType<typeof puppet>, times: number) {
  for (let i = 0; i < times; i++) {
    node.execute(node.job, i === 0 ? delivered : redelivered).catch(() => undefined);
    await attempts.next();
  }
}

describe.each(['claimed', 'unclaimed'] as const)('a node that starts %s', (kind) => {
  const attemptsOf = () => puppet(kind === 'claimed' ? { pure: false } : {});
  // Nobody knows of the death of one that had no claim.
  const deaths = kind === 'claimed' ? 10 : 11;

  it.each(Object.keys(mercies) as (keyof typeof mercies)[])('is given up after so many deaths, %s', async (mercy) => {
    const attempts = attemptsOf();
    const run = await runWith({ redis, state }, attempts.executor, { retry: mercies[mercy], announceAfterMs: 60_000 });
    await dieOf(run, attempts, deaths);
    await run.execute(run.job, redelivered);
    const error = 'the node was given up: its worker died 10 times while it ran';
    expect(run.endings).toMatchObject([{ status: 'failed', error }]);
    expect(run.queued).toEqual([]);
    expect(await run.names()).toEqual(['node_started', 'node_finished failed']);
    run.claims.abortAll();
  });

  it('has its chance until then', async () => {
    const attempts = attemptsOf();
    const run = await runWith({ redis, state }, attempts.executor, { announceAfterMs: 60_000 });
    await dieOf(run, attempts, deaths - 1);
    const working = run.execute(run.job, redelivered);
    (await attempts.next()).end(succeeded('at last'));
    await working;
    expect(await run.names()).toEqual(['node_started', 'node_finished succeeded']);
    run.claims.abortAll();
  });
});
