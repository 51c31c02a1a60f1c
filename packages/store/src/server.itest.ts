import { createDatabase } from '@millrace/testing';
import pg from 'pg';
import { createStore, isUnavailable, postgresFindings, schemaFindings, type Store } from './index.js';

let url: string;
let drop: () => Promise<void>;
let store: Store;

beforeEach(async () => {
  ({ url, drop } = await createDatabase());
  store = createStore({ databaseUrl: url, secretKey: 'k'.repeat(32), timeoutMs: 20_000 });
});
afterEach(async () => {
  await store.close();
  await drop();
});

async function run(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const text of statements) await client.query(text);
  } finally {
    await client.end();
  }
}

it('finds nothing wrong with a migrated database of a server that is new enough', async () => {
  expect(await store.inspection.findings()).toEqual([]);
  const facts = await store.inspection.facts();
  expect(facts.major).toBeGreaterThanOrEqual(15);
  expect(facts.version).toMatch(new RegExp(`^${facts.major}\\.`));
  expect(facts.maxConnections).toBeGreaterThan(10);
  expect(facts.connections).toBeGreaterThan(0);
  expect(Math.abs(facts.nowMs - Date.now())).toBeLessThan(60_000);
});

it('refuses an older server and says which version it needs', async () => {
  // The server says what this search path lets it say; everything else is real.
  await run(
    'CREATE SCHEMA older',
    `CREATE FUNCTION older.current_setting(name text) RETURNS text LANGUAGE sql AS $$
      SELECT CASE name WHEN 'server_version' THEN '14.11' WHEN 'server_version_num' THEN '140011'
        ELSE pg_catalog.current_setting(name) END $$`,
    `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = older, pg_catalog, public`,
  );
  expect(await store.inspection.findings()).toEqual([
    {
      check: 'postgres',
      problem: 'PostgreSQL is version 14.11; Millrace needs 15 or later.',
      remedy: 'Upgrade the server, or point DATABASE_URL at a newer one.',
    },
  ]);
});

it('names the migrations that are missing, all of them in an empty database', async () => {
  await run(`DELETE FROM _prisma_migrations WHERE migration_name LIKE '%_settings'`);
  expect(await store.inspection.findings()).toMatchObject([
    {
      check: 'schema',
      problem: expect.stringMatching(/^The database lacks a migration of this release: \d+_settings\.$/) as string,
      remedy: 'Run "npm run migrate", then start again.',
    },
  ]);
  await run('DROP TABLE _prisma_migrations', 'DROP TABLE settings');
  const { pending } = await store.inspection.schema();
  expect(pending[0]).toMatch(/_init$/);
  expect(schemaFindings(await store.inspection.schema())[0]?.problem).toContain(`lacks ${pending.length} migrations`);
});

it('works with the schema of a newer release unless a migration has said that it takes away', async () => {
  const insert = `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', '', '29990101000000_next', now())`;
  await run(insert);
  expect((await store.inspection.schema()).unknown).toEqual(['29990101000000_next']);
  expect(await store.inspection.findings()).toEqual([]);
  await run(`INSERT INTO settings VALUES ('oldest-schema', '29990101000000_next')`);
  expect(await store.inspection.findings()).toMatchObject([
    {
      check: 'schema',
      remedy: expect.stringContaining('Start a release that knows migration 29990101000000_next') as string,
    },
  ]);
});

it('tells of a migration that failed halfway, and of one that was changed', async () => {
  await run(`UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name LIKE '%_init'`);
  expect((await store.inspection.findings())[0]?.problem).toMatch(/_init is not what was applied/);
  await run('UPDATE _prisma_migrations SET finished_at = NULL');
  expect((await store.inspection.findings())[0]?.problem).toMatch(/failed halfway/);
});

it('does not take a server that cannot be reached for a wrong one', async () => {
  const away = createStore({ databaseUrl: 'postgres://a:b@127.0.0.1:1/x', secretKey: 'k'.repeat(32) });
  const error: unknown = await away.inspection.findings().catch((cause: unknown) => cause);
  expect(isUnavailable(error)).toBe(true);
  await away.close();
});

it.each([
  [14, 1],
  [15, 0],
  [18, 0],
])('PostgreSQL %d: %d finding', (major, findings) => {
  expect(
    postgresFindings({ version: `${major}.1`, major, maxConnections: 100, connections: 1, nowMs: 0 }),
  ).toHaveLength(findings);
});
