import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import { testDatabaseUrl, testRedisUrl } from './env.js';

/** Database that `createDatabase` copies; the set-up of a test run migrates it once. */
export const templateDatabase = 'millrace_template';

export interface TestDatabase {
  url: string;
  /** Removes it, ending the sessions that still use it. */
  drop(): Promise<void>;
}

/**
 * A fresh, migrated database of a test file's own: a copy of the template of the server at `baseUrl`
 * (default: the server of this test run).
 */
export async function createDatabase(baseUrl = testDatabaseUrl()): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(baseUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${templateDatabase}`));
  return {
    url: withDatabase(baseUrl, name),
    async drop() {
      await withClient(baseUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** Makes the template of a server, once: `migrate` gets the address of a new, empty database. */
export async function createTemplate(baseUrl: string, migrate: (url: string) => Promise<void>): Promise<void> {
  await withClient(baseUrl, (client) => client.query(`CREATE DATABASE ${templateDatabase}`));
  await migrate(withDatabase(baseUrl, templateDatabase));
}

export interface TestRedis {
  /** Address of an empty database of a test file's own. Channels are shared by all databases of a server. */
  url: string;
}

/** An empty Redis database that no other test of this run uses (default: on the server of this test run). */
export async function freshRedis(baseUrl = testRedisUrl()): Promise<TestRedis> {
  const redis = new Redis(baseUrl);
  try {
    // Database 0 only counts the others.
    const index = await redis.incr('millrace:test:databases');
    const url = new URL(baseUrl);
    url.pathname = `/${index}`;
    return { url: url.href };
  } finally {
    redis.disconnect();
  }
}

function withDatabase(baseUrl: string, name: string): string {
  const url = new URL(baseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function withClient(url: string, act: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}
