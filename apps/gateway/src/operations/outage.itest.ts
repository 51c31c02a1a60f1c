import {
  end,
  freshRedis,
  start,
  startProxy,
  createDatabase,
  type FaultProxy,
  type TestDatabase,
} from '@millrace/testing';
import { bearer, call, createTestApp } from '../testing/client.js';
import { startGateway, type TestGateway } from '../testing/gateway-fixture.js';

let database: TestDatabase;
let postgres: FaultProxy;
let redis: FaultProxy;
let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  database = await createDatabase();
  postgres = await startProxy(database.url);
  redis = await startProxy((await freshRedis()).url);
  gateway = await startGateway(postgres.url, redis.url, { blockingDeadlineMs: 0 });
  ({ key } = await createTestApp(gateway, { nodes: [start(), end({})] }));
});
afterAll(async () => {
  await gateway.close();
  await postgres.close();
  await redis.close();
  await database.drop();
});

const submit = async () => {
  const begin = performance.now();
  const answer = await call(`${gateway.url}/v1/workflows/run`, {
    body: { user: 'u', inputs: {} },
    headers: bearer(key),
  });
  return { ...answer, ms: performance.now() - begin };
};

const becomes = async (status: number): Promise<void> => {
  while ((await submit()).status !== status);
};

/** While a service is away, submissions get 503 with Retry-After within 2 s, and all recovers by itself. */
describe.each([
  ['Postgres is cut off', () => postgres.cut(), () => postgres.pass()],
  ['Postgres does not answer', () => postgres.silence(), () => postgres.pass()],
  ['Redis is cut off', () => redis.cut(), () => redis.pass()],
  ['Redis does not answer', () => redis.silence(), () => redis.pass()],
])('while %s', (_, fail, recover) => {
  afterEach(recover);

  it('refuses submissions in time, is not ready, and recovers', async () => {
    // No workers run here: an accepted run is answered with 202 at once.
    expect((await submit()).status).toBe(202);
    await Promise.resolve(fail());
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const { status, headers, body, ms } = await submit();
      expect([status, body['code'], headers.get('retry-after')]).toEqual([503, 'service_unavailable', '1']);
      expect(ms).toBeLessThan(2000);
    }
    expect((await call(`${gateway.url}/health/ready`)).status).toBe(503);
    expect((await call(`${gateway.url}/health/live`)).status).toBe(200);
    await recover();
    await becomes(202);
    expect((await call(`${gateway.url}/health/ready`)).status).toBe(200);
  });
});
