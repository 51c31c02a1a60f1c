import { createDatabase as createTestDatabase, startProxy } from '@millrace/testing';
import { createStore, isUnavailable, type Store } from './index.js';
import { buildEnding, buildNode, buildRun, seedApp } from './testing/store.js';

describe('while Postgres does not answer', () => {
  let store: Store;
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  let drop: () => Promise<void>;
  let owner: { tenantId: string; appId: string };

  beforeAll(async () => {
    const database = await createTestDatabase();
    drop = () => database.drop();
    proxy = await startProxy(database.url);
    store = createStore({ databaseUrl: proxy.url, secretKey: 'k'.repeat(32), timeoutMs: 600 });
    owner = await seedApp(store);
  });
  afterAll(async () => {
    await store.close();
    await proxy.close();
    await drop();
  });

  const calls: [string, () => Promise<unknown>][] = [
    ['ping', () => store.ping()],
    ['accepting', () => store.runs.insertAccepted(buildRun(owner))],
    ['ending', () => store.runs.saveEnding(owner.tenantId, buildRun(owner).context.runId, buildEnding())],
    ['recording', () => store.nodeExecutions.record([buildNode(buildRun(owner))])],
    ['keys', () => store.appKeys.resolve('app-x')],
    ['Prisma', () => store.apps.list(owner.tenantId)],
    ['transactions of Prisma', () => store.versions.publish(owner.tenantId, owner.appId, { nowMs: 1000 })],
  ];

  /** Every call at once; each must fail in time with an error that says why. */
  async function expectOutage(): Promise<void> {
    const begin = performance.now();
    const results = await Promise.allSettled(calls.map(([, call]) => call()));
    const reasons = results.map((result) => (result.status === 'rejected' ? result.reason : 'answered') as unknown);
    const verdicts = reasons.map((reason, position) => [calls[position]![0], isUnavailable(reason) || String(reason)]);
    expect(verdicts).toEqual(calls.map(([name]) => [name, true]));
    // The limit is 600 ms; the rest is for a busy machine.
    expect(performance.now() - begin).toBeLessThan(2000);
  }

  const expectRecovery = async () => {
    const run = buildRun(owner);
    await store.runs.insertAccepted(run);
    expect(await store.runs.get(owner.tenantId, owner.appId, run.context.runId)).toMatchObject({ status: 'accepted' });
    expect(await store.apps.list(owner.tenantId)).toHaveLength(1);
  };

  it('fails in time when it is silent, and recovers', async () => {
    proxy.silence();
    await expectOutage();
    await proxy.pass();
    await expectRecovery();
  });

  it('fails in time when connections are refused, and recovers', async () => {
    await proxy.cut();
    await expectOutage();
    await proxy.pass();
    await expectRecovery();
  });

  it('does not let callers queue behind a silent server', async () => {
    proxy.silence();
    const begin = performance.now();
    const results = await Promise.allSettled(
      Array.from({ length: 500 }, () => store.runs.insertAccepted(buildRun(owner))),
    );
    expect(results.every((result) => result.status === 'rejected' && isUnavailable(result.reason))).toBe(true);
    expect(performance.now() - begin).toBeLessThan(2000);
    await proxy.pass();
    await expectRecovery();
  });
});
