import { databaseEnv, parseEnv } from '@millrace/config';

/** What the migrate command needs. @throws EnvError when `DATABASE_URL` is missing or no PostgreSQL address */
export const migrateEnv = (): { DATABASE_URL: string } => parseEnv(databaseEnv, process.env);
