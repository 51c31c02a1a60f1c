import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import {
  end,
  http,
  llm,
  start,
  startHttpTarget,
  startModelServer,
  workflowFile,
  type HttpTarget,
} from '@millrace/testing';
import { Redis } from 'ioredis';
import { checkStream, Client, collect, type Run } from '../client.js';
import { Fleet } from '../fleet.js';
import { chain5, slow } from '../workflows.js';

let fleet: Fleet;
let target: HttpTarget;

beforeEach(async () => {
  [fleet, target] = await Promise.all([Fleet.start(), startHttpTarget({ delayMs: 1500 })]);
}, 120_000);
afterEach(async () => {
  await Promise.all([fleet.stop(), target.close()]);
}, 60_000);

const clientOf = async (file: string): Promise<Client> => new Client(fleet.url(), (await fleet.publish(file)).apiKey);

/** Waits until every run has ended in Postgres, as `GET run` says. */
async function untilEnded(client: Client, runIds: string[]): Promise<Record<string, unknown>[]> {
  for (;;) {
    const details = await Promise.all(runIds.map((id) => client.detail(id)));
    if (details.every(({ status }) => typeof status === 'string' && status !== 'running')) return details;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function submit(client: Client, runs: number): Promise<string[]> {
  const started = await Promise.all(Array.from({ length: runs }, (_, i) => client.stream({ text: `r${i}` })));
  for (const run of started) collect(run).catch(() => undefined);
  return started.map(({ runId }) => runId);
}

const succeeded = (runs: number) =>
  Array.from({ length: runs }, (_, i) => ({ status: 'succeeded', outputs: { result: `r${i}!` } }));

it('Redis restarted with AOF: accepted runs still end', async () => {
  const client = await clientOf(slow(target.url));
  const ids = await submit(client, 20);
  await target.received(20);
  await fleet.redis.restart();
  expect(await untilEnded(client, ids)).toMatchObject(succeeded(20));
}, 120_000);

it('Redis back without its last writes: no event id is used twice', async () => {
  const nodes = [
    start(),
    http('one', `${target.url}/1`),
    http('two', `${target.url}/2`),
    end({ status: ['two', 'status_code'] }),
  ];
  const client = await clientOf(workflowFile({ nodes }));
  const run = await client.stream({});
  await target.received(1);
  const aof = await appendOnlyFile(fleet.redis.dir);
  await target.received(2);
  await fleet.redis.kill();
  await truncate(aof.path, aof.size);
  await fleet.redis.restart();
  const events = await collect(run);
  checkStream(events);
  expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', outputs: { status: 200 } });
  // The second node had begun in the lost tail, and the client has seen it: what follows is of a later epoch.
  expect(events.at(-1)?.id).toMatch(/^2-/);
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
}, 120_000);

it.each(['archived', 'not archived'] as const)(
  'Redis back without the last writes of a run that has ended (%s): nothing of it happens again, and no event id is used twice',
  async (kept) => {
    if (kept === 'not archived') await fleet.recorders[0]?.stop();
    const nodes = [
      start(),
      http('one', `${target.url}/1`),
      http('two', `${target.url}/2`),
      end({ status: ['two', 'status_code'] }),
    ];
    const client = await clientOf(workflowFile({ nodes }));
    const run = await client.stream({});
    await target.received(1);
    const aof = await appendOnlyFile(fleet.redis.dir);
    const seen = await collect(run);
    const detail = await client.detail(run.runId);
    if (kept === 'archived') await untilArchived();
    await fleet.redis.kill();
    await truncate(aof.path, aof.size);
    await fleet.redis.restart();
    // All but the end was seen: what comes now must not be taken for it.
    const rest = await collect(await attachSurely(client, run.runId, seen.at(-2)?.id ?? ''));
    checkStream([...seen.slice(0, -1), ...rest]);
    const ids = seen.slice(0, -1).map(({ id }) => id);
    expect(rest.filter(({ id }) => ids.includes(id))).toEqual([]);
    expect(rest.at(-1)?.data).toEqual(seen.at(-1)?.data);
    expect(await client.detail(run.runId)).toEqual(detail);
    expect(target.requests).toHaveLength(2);
    if (kept === 'archived') expect(rest).toEqual(seen.slice(-1));
  },
  120_000,
);

/** Waits until Redis is there again. */
async function attachSurely(client: Client, runId: string, lastEventId: string): Promise<Run> {
  for (;;) {
    const run = await client.attach(runId, lastEventId).catch(() => undefined);
    if (run) return run;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Waits until the ledger is empty: the recorder has acknowledged all there is. */
async function untilArchived(): Promise<void> {
  const redis = new Redis(fleet.redis.url);
  while ((await redis.xlen('{s0}:ledger')) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  redis.disconnect();
}

/** The file that Redis appends to now. */
async function appendOnlyFile(dir: string): Promise<{ path: string; size: number }> {
  const folder = join(dir, 'redis', 'appendonlydir');
  const name = (await readdir(folder)).find((file) => file.endsWith('.incr.aof')) ?? '';
  const path = join(folder, name);
  return { path, size: (await stat(path)).size };
}

it('Redis flushed: accepted runs still end', async () => {
  const client = await clientOf(slow(target.url));
  const ids = await submit(client, 20);
  await target.received(20);
  const redis = new Redis(fleet.redis.url);
  await redis.flushall();
  redis.disconnect();
  expect(await untilEnded(client, ids)).toMatchObject(succeeded(20));
}, 120_000);

it('Postgres restarted: accepted runs still end', async () => {
  const client = await clientOf(slow(target.url));
  const ids = await submit(client, 20);
  await target.received(20);
  await fleet.postgres.restart();
  expect(await untilEnded(client, ids)).toMatchObject(succeeded(20));
}, 120_000);

it('Postgres away while a model node wants its credentials: the node waits, without a retry and whatever its strategy', async () => {
  const model = await startModelServer({ text: 'here' });
  await fleet.saveModel(model.baseUrl);
  const nodes = [
    start(),
    http('call', `${target.url}/slow`),
    llm('model', 'Say', { error_strategy: 'default-value', default_value: [] }),
    end({ answer: ['model', 'text'] }),
  ];
  const client = await clientOf(workflowFile({ nodes }));
  const run = await client.stream({});
  await target.received(1);
  await fleet.postgres.stop();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await fleet.postgres.restart();
  const events = await collect(run);
  expect(events.at(-1)?.data).toMatchObject({
    ...{ status: 'succeeded', outputs: { answer: 'here' }, exceptions_count: 0, total_steps: 4 },
  });
  await model.close();
}, 120_000);

it.each(['redis', 'postgres'] as const)(
  '%s away: 503 with Retry-After within 2 s, and back without a restart',
  async (name) => {
    const client = await clientOf(chain5());
    expect((await client.blocking({ text: 'x' })).status).toBe(200);
    await fleet[name].stop();
    const askedAt = Date.now();
    const refused = await client.request('POST', 'workflows/run', {
      body: { inputs: { text: 'x' }, user: 'u', response_mode: 'blocking' },
    });
    expect(Date.now() - askedAt).toBeLessThan(2_500);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    await fleet[name].restart();
    for (;;) {
      const { status, body } = await client.blocking({ text: 'back' }).catch(() => ({ status: 0, body: undefined }));
      if (status === 200) {
        expect(body?.data.outputs).toEqual({ result: 'back-a-b-c' });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  },
  60_000,
);
