import { createHash, randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { Finding } from '@millrace/contracts';
import pg from 'pg';

/** The repository's own migrations. */
export const migrationsDirectory = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** Prisma's lock: `prisma migrate deploy` and this function wait for each other. */
const lockKey = 72_707_369;

const historyTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/** A migration that could not be applied, with the reason in words for the operator. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

interface MigrationFile {
  name: string;
  sql: string;
  checksum: string;
}

/**
 * Applies the migrations of `directory` (`<name>/migration.sql`, by name) that `databaseUrl` does not have
 * yet, each in one transaction together with its row in `_prisma_migrations`, as `prisma migrate deploy`
 * keeps it. Callers at the same time wait for each other.
 * @returns the names applied by this call
 * @throws MigrationError when a migration fails, was edited after it was applied, or is half applied
 */
export async function applyMigrations(databaseUrl: string, options: { directory?: string } = {}): Promise<string[]> {
  const files = await readMigrations(options.directory ?? migrationsDirectory);
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lockKey]);
    await client.query(historyTable);
    const pending = pendingMigrations(files, await readHistory(client));
    for (const migration of pending) await apply(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    await client.end(); // also frees the lock
  }
}

async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

interface HistoryRow {
  migration_name: string;
  checksum: string;
  finished: boolean;
}

const historyQuery = `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
  FROM _prisma_migrations WHERE rolled_back_at IS NULL`;

async function readHistory(client: pg.Client): Promise<HistoryRow[]> {
  return (await client.query<HistoryRow>(historyQuery)).rows;
}

/** How a database's schema stands to a release's migrations; all lists hold names of migrations. */
export interface SchemaState {
  /** Not applied yet. */
  pending: string[];
  /** Applied by a newer release. */
  unknown: string[];
  /** Begun and not finished. */
  failed: string[];
  /** Not as they were applied. */
  changed: string[];
  /** The newest migration that a release must know to work with this database, where a migration has said so. */
  oldestSchema?: string;
  /** The newest one that this release knows. */
  newest: string;
}

/** Compares the migrations of `directory` with those that were applied. */
export async function readSchemaState(
  query: <Row extends object>(text: string) => Promise<Row[]>,
  directory = migrationsDirectory,
): Promise<SchemaState> {
  const files = await readMigrations(directory);
  const [made] = await query<{ history: boolean; settings: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS history, to_regclass('settings') IS NOT NULL AS settings`,
  );
  const history = made?.history ? await query<HistoryRow>(historyQuery) : [];
  const [oldest] = made?.settings
    ? await query<{ value: string }>(`SELECT value FROM settings WHERE name = 'oldest-schema'`)
    : [];
  const applied = new Map(history.map((row) => [row.migration_name, row]));
  const names = (wanted: (file: MigrationFile, row: HistoryRow | undefined) => boolean): string[] =>
    files.filter((file) => wanted(file, applied.get(file.name))).map(({ name }) => name);
  return {
    pending: names((_, row) => !row),
    unknown: [...applied.keys()].filter((name) => !files.some((file) => file.name === name)).sort(),
    failed: history.filter(({ finished }) => !finished).map((row) => row.migration_name),
    changed: names((file, row) => row?.finished === true && row.checksum !== file.checksum),
    newest: files.at(-1)?.name ?? '',
    ...(oldest ? { oldestSchema: oldest.value } : {}),
  };
}

/** Why this release should not work with a schema. A newer one is fine unless a migration has said otherwise: releases roll. */
export function schemaFindings({ pending, failed, changed, oldestSchema, newest }: SchemaState): Finding[] {
  const finding = (problem: string, remedy: string): Finding => ({ check: 'schema', problem, remedy });
  if (failed.length > 0) {
    const remedy =
      'See its row in _prisma_migrations, put right what it left, set rolled_back_at, and run "npm run migrate".';
    return [finding(`Migration ${failed.join(', ')} failed halfway.`, remedy)];
  }
  if (changed.length > 0) {
    const remedy = 'Use an unchanged copy of this release.';
    return [finding(`Migration ${changed.join(', ')} is not what was applied to the database.`, remedy)];
  }
  if (oldestSchema !== undefined && oldestSchema > newest) {
    const remedy = `Start a release that knows migration ${oldestSchema}, or restore the backup made before the upgrade.`;
    return [finding('The database was upgraded further than this release can work with.', remedy)];
  }
  if (pending.length === 0) return [];
  const what = pending.length === 1 ? 'a migration' : `${pending.length} migrations`;
  return [
    finding(
      `The database lacks ${what} of this release: ${pending.join(', ')}.`,
      'Run "npm run migrate", then start again.',
    ),
  ];
}

/** Decides what is left to apply; a database that is ahead of the files is fine (an older release still runs). */
function pendingMigrations(files: MigrationFile[], history: HistoryRow[]): MigrationFile[] {
  const applied = new Map(history.map((row) => [row.migration_name, row]));
  return files.filter((file) => {
    const row = applied.get(file.name);
    if (!row) return true;
    if (!row.finished) throw new MigrationError(`Migration ${file.name} failed halfway; see _prisma_migrations.`);
    if (row.checksum !== file.checksum) {
      throw new MigrationError(`Migration ${file.name} was changed after it was applied; add a new one instead.`);
    }
    return false;
  });
}

async function apply(client: pg.Client, migration: MigrationFile): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    // Best effort: closing the connection rolls back as well, and the first error is the one to tell.
    await client.query('ROLLBACK').catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError(`Migration ${migration.name} failed: ${reason}`, { cause: error });
  }
}
