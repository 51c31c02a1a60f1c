import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Client, collect, type Run } from '../client.js';
import { Fleet } from '../fleet.js';
import { chain5 } from '../workflows.js';

/** Real processes of two releases on the same stores: the next one knows one more run format, and writes it. */
const nextRelease = {
  NODE_OPTIONS: `--import=${fileURLToPath(new URL('../../fixtures/next-release.mjs', import.meta.url))}`,
};

let fleet: Fleet;
let redis: Redis;
beforeEach(async () => {
  fleet = await Fleet.start();
  redis = new Redis(fleet.redis.url);
}, 120_000);
afterEach(async () => {
  redis.disconnect();
  await fleet.stop();
}, 60_000);

const outputsOf = async (run: Run): Promise<unknown> => (await collect(run)).at(-1)?.data['outputs'];
const formatOf = (run: Run): Promise<string | null> => redis.hget(`{s0}:run:${run.runId}`, 'v');

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 100));
}

it('a rolling upgrade: each release runs its own runs, the next one those of both, and none fails', async () => {
  const app = await fleet.publish(chain5());
  const old = new Client(fleet.url(0), app.apiKey);
  await fleet.add('gateway', nextRelease);
  const next = new Client(fleet.url(1), app.apiKey);
  const [oldWorker] = fleet.workers;

  // Only a worker of the old release is there: it runs the old gateway's runs and leaves those of the next.
  const waiting = await Promise.all(Array.from({ length: 5 }, (_, i) => next.stream({ text: `n${i}` })));
  expect(await Promise.all(waiting.map(formatOf))).toEqual(waiting.map(() => '2'));
  const events = await redis.xlen(`{s0}:run:${waiting[0]?.runId ?? ''}:events`);
  expect(await outputsOf(await old.stream({ text: 'o' }))).toEqual({ result: 'o-a-b-c' });
  await until(async () => (await oldWorker?.logs())?.includes('belongs to another release of Millrace') ?? false);
  for (const { runId } of waiting) expect(await old.detail(runId)).toMatchObject({ status: 'running', error: null });
  expect(await redis.xlen(`{s0}:run:${waiting[0]?.runId ?? ''}:events`)).toBe(events);

  // A gateway of the old release stops none of them by half.
  const refused = await old.stop(waiting[0]?.taskId ?? '');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);

  // The next worker comes: what waited runs to its end, and is recorded.
  await fleet.add('worker', nextRelease);
  expect(await Promise.all(waiting.map(outputsOf))).toEqual(waiting.map((_, i) => ({ result: `n${i}-a-b-c` })));
  for (const { runId } of waiting) expect(await next.detail(runId)).toMatchObject({ status: 'succeeded' });

  // Both releases under load, whichever worker takes which job.
  const mixed = await Promise.all(
    Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? old : next).stream({ text: `m${i}` })),
  );
  expect(await Promise.all(mixed.map(outputsOf))).toEqual(mixed.map((_, i) => ({ result: `m${i}-a-b-c` })));

  // The old worker goes; the next one runs what the old gateway still starts.
  await oldWorker?.stop();
  fleet.workers.splice(0, 1);
  const last = await old.stream({ text: 'last' });
  expect(await formatOf(last)).toBe('1');
  expect(await outputsOf(last)).toEqual({ result: 'last-a-b-c' });
}, 180_000);
