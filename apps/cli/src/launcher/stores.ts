import { provideRedis, startPostgresServer, startRedisServer, type Child } from '@millrace/embedded';
import { say } from '../say.js';

/** A running private server. */
export interface Store {
  url: string;
  child: Child;
  /** Starts it again at the same address. */
  again: () => Promise<Child>;
}

/** PostgreSQL with its data in `dir`. */
export async function startPostgres(dir: string, password: string): Promise<Store> {
  say('Starting PostgreSQL.');
  const { port, child, url } = await startPostgresServer({ dir, password });
  return { url: url(), child, again: async () => (await startPostgresServer({ dir, password, port })).child };
}

/** Redis with its data in `dir`; installs `redis-server` when this machine has none. */
export async function startRedis(dir: string, password: string): Promise<Store> {
  const program = await provideRedis(dir, say);
  say('Starting Redis.');
  const { port, child, url } = await startRedisServer({ dir, program, password });
  return { url, child, again: async () => (await startRedisServer({ dir, program, password, port })).child };
}
