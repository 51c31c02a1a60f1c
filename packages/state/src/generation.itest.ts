import { setTimeout as sleep } from 'node:timers/promises';
import { Outage } from '@millrace/contracts';
import { startRedis, type TestServer } from '@millrace/testing';
import type { Redis } from 'ioredis';
import { connectRedis } from './connection.js';
import { runKeys } from './keys.js';
import { createRecovery } from './recovery.js';
import { createRunState } from './run-state.js';
import { RunFixture } from './testing/run-fixture.js';

let server: TestServer;
let patient: Redis;
let hasty: Redis;

beforeEach(async () => {
  server = await startRedis({ aof: true });
  patient = connectRedis(server.url, 'patient', 'test');
  hasty = connectRedis(server.url, 'hasty', 'test');
  for (const connection of [patient, hasty]) connection.on('error', () => undefined);
}, 60_000);
afterEach(async () => {
  patient.disconnect();
  hasty.disconnect();
  await server.close();
}, 30_000);

const untilReady = async (redis: Redis): Promise<void> => {
  while (redis.status !== 'ready') await sleep(20);
};

it('a server that was never marked, or is empty, runs transitions at once', async () => {
  const run = new RunFixture(createRunState(patient));
  expect(await run.start()).toBe('started');
});

it('a server that has restarted runs none before it is recovered (G2)', async () => {
  const recovery = createRecovery(patient);
  await recovery.markGeneration(0);
  expect(await recovery.generation(0)).toBe('same');
  const run = new RunFixture(createRunState(patient));
  await run.start();

  await server.restart();
  await untilReady(hasty);
  expect(await recovery.generation(0)).toBe('restarted');
  await expect(createRunState(hasty).decide({ ...run.context, status: 'stopped', error: 'x' })).rejects.toThrow(Outage);

  const settled = run.run(0, { take: [[1, 1, -1]] });
  await sleep(200);
  await recovery.raiseEpoch(run.context, 2);
  await recovery.markGeneration(0);
  expect(await settled).toEqual([1]);
  const ids = (await patient.xrange(runKeys.events(run.context), '-', '+')).map(([id]) => id);
  expect(ids).toEqual(['1-1', '2-3']);
}, 60_000);

it('scripts forgotten without a restart are no reason to wait', async () => {
  await createRecovery(patient).markGeneration(0);
  await untilReady(hasty);
  await hasty.script('FLUSH');
  expect(await new RunFixture(createRunState(hasty)).start()).toBe('started');
});

it('says when a transition comes after commands that were sent after it', async () => {
  const state = createRunState(patient);
  const late: string[] = [];
  for (const script of ['unknown', 'known']) await new RunFixture(state).start(() => late.push(script));
  expect(late).toEqual(['unknown']);
});
