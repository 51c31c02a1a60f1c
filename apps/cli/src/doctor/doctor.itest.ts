import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStore } from '@millrace/store';
import { createDatabase, freePort, freshRedis, startRedis } from '@millrace/testing';
import pg from 'pg';
import { runDoctor, type Report } from './main.js';
import type { Outcome } from './outcome.js';

const secretKey = 'a'.repeat(32);
let database: { url: string; drop: () => Promise<void> };
let dataDir: string;
let env: Record<string, string>;

beforeEach(async () => {
  database = await createDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-doctor-'));
  env = {
    ...{ DATABASE_URL: database.url, REDIS_URL: (await freshRedis()).url, MILLRACE_DATA_DIR: dataDir },
    ...{ MILLRACE_SECRET_KEY: secretKey, MILLRACE_ADMIN_KEY: 'admin-key-of-the-test', HOST: '127.0.0.1' },
    PORT: String(await freePort()),
  };
}, 60_000);
afterEach(async () => {
  await database.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const examine = (change: Record<string, string> = {}): Promise<Report> =>
  runDoctor({ env: { ...env, ...change }, sandbox: false });
const failures = ({ outcomes }: Report): Outcome[] => outcomes.filter(({ status }) => status === 'failed');
/** The only thing that fails, and that it comes with what to do. */
async function onlyFailure(change: Record<string, string> = {}): Promise<Outcome> {
  const report = await examine(change);
  const [failure, ...others] = failures(report);
  expect(others).toEqual([]);
  expect(report.ok).toBe(false);
  if (failure?.remedy === undefined) throw new Error('nothing failed, or nothing is said of what to do');
  return failure;
}

async function sql(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    for (const text of statements) await client.query(text);
  } finally {
    await client.end();
  }
}

it('finds nothing wrong with a good set-up, and changes nothing', async () => {
  const report = await examine();
  expect(failures(report)).toEqual([]);
  expect(report.ok).toBe(true);
  const checks = report.outcomes.map(({ check }) => check);
  expect(checks).toEqual(
    expect.arrayContaining(['postgres', 'postgres clock', 'postgres connections', 'migrations', 'partitions']),
  );
  expect(checks).toEqual(
    expect.arrayContaining(['secret key', 'redis', 'redis clock', 'redis memory', 'admin key', 'port', 'disk']),
  );
  const store = createStore({ databaseUrl: database.url, secretKey: 'b'.repeat(32), timeoutMs: 20_000 });
  expect(await store.secretCheck.look()).toBe('unset');
  await store.close();
}, 60_000);

it('runs code of both languages in the cage', async () => {
  const { outcomes } = await runDoctor({ env });
  const sandbox = outcomes.filter(({ check }) => check.startsWith('sandbox'));
  expect(sandbox.map(({ check, status }) => [check, status])).toEqual([
    ['sandbox python3', 'ok'],
    ['sandbox javascript', 'ok'],
  ]);
}, 180_000);

describe('explains a broken set-up:', () => {
  it('no Redis', async () => {
    const port = await freePort();
    const { check, said, remedy } = await onlyFailure({ REDIS_URL: `redis://:hidden@127.0.0.1:${port}` });
    expect(check).toBe('redis');
    expect(said).toMatch(new RegExp(`^Redis cannot be reached at 127\\.0\\.0\\.1:${port} \\(.*ECONNREFUSED`));
    expect(remedy).toContain('Start it ("redis-server"');
    expect(said + (remedy ?? '')).not.toContain('hidden');
  }, 60_000);

  it('a Redis that evicts', async () => {
    const redis = await startRedis();
    try {
      const { Redis } = await import('ioredis');
      const admin = new Redis(redis.url);
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      admin.disconnect();
      const { check, said, remedy } = await onlyFailure({ REDIS_URL: redis.url });
      expect(check).toBe('redis');
      expect(said).toContain('may evict keys when its memory is full (maxmemory-policy is allkeys-lru)');
      expect(remedy).toContain('CONFIG SET maxmemory-policy noeviction');
    } finally {
      await redis.close();
    }
  }, 120_000);

  it('an old PostgreSQL', async () => {
    // The server says what this search path lets it say; everything else is real.
    await sql(
      'CREATE SCHEMA older',
      `CREATE FUNCTION older.current_setting(name text) RETURNS text LANGUAGE sql AS $$
        SELECT CASE name WHEN 'server_version' THEN '13.4' WHEN 'server_version_num' THEN '130004'
          ELSE pg_catalog.current_setting(name) END $$`,
      `ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET search_path = older, pg_catalog, public`,
    );
    expect(await onlyFailure()).toEqual({
      ...{ check: 'postgres', status: 'failed', said: 'PostgreSQL is version 13.4; Millrace needs 15 or later.' },
      remedy: 'Upgrade the server, or point DATABASE_URL at a newer one.',
    });
  }, 60_000);

  it('a busy port', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const { check, said, remedy } = await onlyFailure({ PORT: String(port) });
      expect(check).toBe('port');
      expect(said).toContain(`Port ${port} of 127.0.0.1 is taken by another program`);
      expect(remedy).toContain('choose another PORT');
    } finally {
      server.close();
    }
  }, 60_000);

  it('a wrong secret key', async () => {
    const store = createStore({ databaseUrl: database.url, secretKey, timeoutMs: 20_000 });
    await store.secretCheck.state();
    await store.close();
    const other = 'b'.repeat(32);
    const { check, said, remedy } = await onlyFailure({ MILLRACE_SECRET_KEY: other });
    expect(check).toBe('secret key');
    expect(said).toContain('is not the key that the secrets in this database were sealed with');
    expect(remedy).toContain('MILLRACE_SECRET_KEY_PREVIOUS');
    expect(said + (remedy ?? '')).not.toContain(other);
    const rotating = await examine({ MILLRACE_SECRET_KEY: other, MILLRACE_SECRET_KEY_PREVIOUS: secretKey });
    expect(rotating.outcomes.find((each) => each.check === 'secret key')).toMatchObject({ status: 'warning' });
  }, 60_000);

  it('a pending migration', async () => {
    await sql(`DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_settings'`);
    const { check, said, remedy } = await onlyFailure();
    expect(check).toBe('migrations');
    expect(said).toMatch(/^The database lacks a migration of this release: \d+_settings\.$/);
    expect(remedy).toContain('npm run migrate');
  }, 60_000);

  it.each<[string, (url: URL) => void, RegExp]>([
    ['no PostgreSQL', (url) => (url.port = '1'), /^PostgreSQL cannot be reached at 127\.0\.0\.1:1 \(ECONNREFUSED\)/],
    [
      'a wrong password',
      (url) => (url.password = 'wrong'),
      /^PostgreSQL at .* refuses the user "millrace" or its password/,
    ],
    ['no such database', (url) => (url.pathname = '/nowhere'), /has no database "nowhere"/],
  ])(
    '%s',
    async (_, change, said) => {
      const url = new URL(database.url);
      change(url);
      expect(await onlyFailure({ DATABASE_URL: url.href })).toMatchObject({
        check: 'postgres',
        said: expect.stringMatching(said) as string,
      });
    },
    60_000,
  );

  it('several mistakes at once, each for itself', async () => {
    const report = await examine({ PORT: 'x', MILLRACE_SECRET_KEY: 'short', REDIS_URL: 'http://redis' });
    expect(failures(report).map(({ check }) => check)).toEqual([
      'environment',
      'environment',
      'environment',
      'secret key',
      'redis',
    ]);
    expect(JSON.stringify(report)).not.toContain('short');
  }, 60_000);
});
