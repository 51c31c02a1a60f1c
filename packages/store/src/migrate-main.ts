import { EnvError } from '@millrace/config';
import { migrateEnv } from './env.js';
import { applyMigrations } from './migrate.js';

/** Entry point of `npm run migrate`. */
try {
  const applied = await applyMigrations(migrateEnv().DATABASE_URL);
  process.stdout.write(applied.length === 0 ? 'The database is up to date.\n' : `Applied: ${applied.join(', ')}\n`);
} catch (error) {
  if (error instanceof EnvError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`Migrating failed: ${reasonOf(error)}\n`);
  process.exitCode = 1;
}

/** A refused connection is an AggregateError without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
