// Set-up of a test run (jest's globalSetup): one PostgreSQL with a migrated template database and one
// Redis for all test files. Their addresses reach the tests by environment.
import { existsSync } from 'node:fs';
import { createTemplate, startPostgres, startRedis } from '../packages/testing/dist/index.js';

const store = new URL('../packages/store/dist/index.js', import.meta.url);

export default async function startTestServices() {
  const [postgres, redis] = await Promise.all([
    startPostgres({ maxConnections: 400 }),
    startRedis({ databases: 1024 }),
  ]);
  globalThis.testServices = [postgres, redis];
  process.env.MILLRACE_TEST_DATABASE_URL = postgres.url;
  process.env.MILLRACE_TEST_REDIS_URL = redis.url;
  await createTemplate(postgres.url, async (url) => {
    if (!existsSync(store)) return;
    const { applyMigrations } = await import(store.href);
    await applyMigrations(url);
  });
}
