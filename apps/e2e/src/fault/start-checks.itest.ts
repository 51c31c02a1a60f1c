import { applyMigrations } from '@millrace/store';
import {
  isReady,
  spawnService,
  startPostgres,
  startRedis,
  testKeys,
  type ServiceProcess,
  type TestServer,
} from '@millrace/testing';
import { Redis } from 'ioredis';
import pg from 'pg';

let postgres: TestServer;
let redis: TestServer;
const services: ServiceProcess[] = [];

beforeAll(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
}, 240_000);
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
}, 180_000);
afterAll(async () => {
  await Promise.all([postgres.close(), redis.close()]);
}, 180_000);

async function start(name: string, env: Record<string, string> = {}, ready = false): Promise<ServiceProcess> {
  const stores = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };
  const service = await spawnService(name, { ...stores, LOG_LEVEL: 'warn', ...env }, { ready });
  services.push(service);
  return service;
}

/** What a service says that refuses to start. */
async function refusal(name: string, env: Record<string, string> = {}): Promise<string> {
  const service = await start(name, env);
  expect(await service.exited).toEqual({ code: 1, signal: null });
  const lines = (await service.logs()).split('\n').filter((line) => line.includes('does not start'));
  expect(lines).toHaveLength(1);
  return (JSON.parse(lines[0] ?? '') as { msg: string }).msg;
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

/** Waits for a condition. @throws when one of the services has ended meanwhile */
async function until(running: ServiceProcess[], condition: () => Promise<boolean>): Promise<void> {
  let ended: string | undefined;
  for (const { name, exited } of running) void exited.then(() => (ended = name));
  while (!(await condition())) {
    if (ended !== undefined) throw new Error(`${ended} has ended`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function sql(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(text);
  await client.end();
}

const all = ['gateway', 'worker', 'recorder'];

it.each(all)(
  '%s refuses a database without its migrations, and says what to do',
  async (name) => {
    expect(await refusal(name)).toMatch(
      /^\w+ does not start: The database lacks \d+ migrations of this release: .* Run "npm run migrate", then start again\. \(MILLRACE_ALLOW_UNSAFE=schema starts all the same\.\)$/,
    );
  },
  180_000,
);

describe('on a migrated database', () => {
  beforeAll(() => applyMigrations(postgres.url), 60_000);

  it('all refuse a Redis that may evict, unless it is allowed', async () => {
    const admin = new Redis(redis.url);
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      for (const message of await Promise.all(all.map((name) => refusal(name)))) {
        expect(message).toContain('Redis may evict keys when its memory is full (maxmemory-policy is allkeys-lru)');
        expect(message).toContain('run "redis-cli CONFIG SET maxmemory-policy noeviction"');
      }
      const allowed = await Promise.all(all.map((name) => start(name, { MILLRACE_ALLOW_UNSAFE: 'redis' }, true)));
      for (const service of allowed) expect(await service.logs()).toContain('may evict');
    } finally {
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
      admin.disconnect();
    }
  }, 240_000);

  it('gateway and worker refuse another secret key than the first, unless the first is named too', async () => {
    const first = testKeys.MILLRACE_SECRET_KEY;
    const second = '2'.repeat(32);
    await start('gateway', { MILLRACE_SECRET_KEY: first }, true);
    for (const name of ['gateway', 'worker']) {
      const message = await refusal(name, { MILLRACE_SECRET_KEY: second });
      expect(message).toContain(
        'MILLRACE_SECRET_KEY is not the key that the secrets in this database were sealed with',
      );
      expect(message).not.toContain(first);
      expect(message).not.toContain(second);
    }
    await start('worker', { MILLRACE_SECRET_KEY: second, MILLRACE_SECRET_KEY_PREVIOUS: first }, true);
  }, 240_000);

  it('a schema that a newer release has taken something away from is refused, one that it only added to is not', async () => {
    await sql(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', '', '29990101_next', now())`,
    );
    await start('recorder', {}, true);
    await sql(`INSERT INTO settings VALUES ('oldest-schema', '29990101_next')`);
    expect(await refusal('recorder')).toContain('Start a release that knows migration 29990101_next');
    await sql(`DELETE FROM settings WHERE name = 'oldest-schema'`);
  }, 240_000);

  it.each(['postgres', 'redis'] as const)(
    'while %s is away nobody exits; they wait, and then they are ready',
    async (away) => {
      const server = { postgres, redis }[away];
      await server.stop();
      const waiting = await Promise.all(all.map((name) => start(name)));
      // A gateway listens all the same.
      await until(waiting, () => answers(`${waiting[0]?.url ?? ''}/health/live`));
      for (const service of waiting) expect(await isReady(service.url)).toBe(false);
      await server.restart();
      await until(waiting, async () => (await Promise.all(waiting.map(({ url }) => isReady(url)))).every(Boolean));
    },
    240_000,
  );
});
