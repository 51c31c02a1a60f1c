import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { testDatabaseUrl } from '@millrace/testing';
import pg from 'pg';
import { applyMigrations, MigrationError } from './migrate.js';
import { describeSchema } from './testing/describe-schema.js';

const schemaSql = fileURLToPath(new URL('../scripts/schema-sql.mjs', import.meta.url));
const databases: string[] = [];

/** An empty database, without the template's tables. */
async function emptyDatabase(): Promise<string> {
  const name = `migrate_${randomBytes(6).toString('hex')}`;
  await run(testDatabaseUrl(), `CREATE DATABASE ${name} TEMPLATE template0`);
  databases.push(name);
  const url = new URL(testDatabaseUrl());
  url.pathname = `/${name}`;
  return url.href;
}

async function run(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

afterAll(async () => {
  for (const name of databases) await run(testDatabaseUrl(), `DROP DATABASE ${name} WITH (FORCE)`);
});

describe('applyMigrations', () => {
  it('applies each migration once, whoever starts at once', async () => {
    const url = await emptyDatabase();
    const applied = await Promise.all([1, 2, 3, 4].map(() => applyMigrations(url)));
    const names = applied.flat();
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
    expect(await applyMigrations(url)).toEqual([]);
    const rows = await run(
      url,
      'SELECT migration_name, length(checksum) AS length, finished_at, applied_steps_count AS steps FROM _prisma_migrations ORDER BY 1',
    );
    expect(rows.map((row) => row['migration_name'])).toEqual([...names].sort());
    expect(rows.every((row) => row['finished_at'] instanceof Date && row['length'] === 64 && row['steps'] === 1)).toBe(
      true,
    );
  });

  it('makes the schema of prisma/schema.prisma (no drift)', async () => {
    const [migrated, generated] = await Promise.all([emptyDatabase(), emptyDatabase()]);
    await applyMigrations(migrated);
    const { stdout } = await promisify(execFile)(process.execPath, [schemaSql], {
      env: { PATH: '', DATABASE_URL: generated },
    });
    await run(generated, stdout);
    const [actual, expected] = await Promise.all([migrated, generated].map(describeSchema));
    // What only the migrations know, beside partitions, storage and functions.
    const byHand = ['runs: index runs_otel_trace_id_idx', 'runs: index runs_unfinished_idx'];
    expect(actual!.filter((line) => !byHand.some((known) => line.startsWith(known)))).toEqual(expected);
    expect(actual!.length).toBe(expected!.length + byHand.length);
  });
});

describe('applyMigrations with other files', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'millrace-migrations-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const write = async (name: string, sql: string) => {
    await mkdir(join(directory, name), { recursive: true });
    await writeFile(join(directory, name, 'migration.sql'), sql);
  };

  it('leaves nothing of a failed migration, and goes on once it is mended', async () => {
    const url = await emptyDatabase();
    await write('1_good', 'CREATE TABLE good (id int);');
    await write('2_bad', 'CREATE TABLE half (id int); SELECT nonsense;');
    const failure = await applyMigrations(url, { directory }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    expect(String(failure)).toContain('2_bad failed: column "nonsense" does not exist');
    expect(await run(url, "SELECT to_regclass('good') IS NOT NULL AS good, to_regclass('half') AS half")).toEqual([
      { good: true, half: null },
    ]);
    await write('2_bad', 'CREATE TABLE half (id int);');
    expect(await applyMigrations(url, { directory })).toEqual(['2_bad']);
  });

  it('refuses a migration that was changed after it was applied', async () => {
    const url = await emptyDatabase();
    await write('1_good', 'CREATE TABLE good (id int);');
    await applyMigrations(url, { directory });
    await write('1_good', 'CREATE TABLE good (id bigint);');
    await expect(applyMigrations(url, { directory })).rejects.toThrow('was changed after it was applied');
  });

  it('leaves a newer database alone', async () => {
    const url = await emptyDatabase();
    await write('1_a', 'SELECT 1;');
    await write('2_b', 'SELECT 1;');
    await applyMigrations(url, { directory });
    await rm(join(directory, '2_b'), { recursive: true });
    expect(await applyMigrations(url, { directory })).toEqual([]);
  });
});
