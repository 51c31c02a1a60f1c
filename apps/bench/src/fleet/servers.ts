import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  freePort,
  provideRedis,
  startChild,
  startPostgresServer,
  startRedisServer,
  waitForChild,
  type Child,
  type PostgresServer,
  type RedisServer,
} from '@millrace/embedded';
import { Redis } from 'ioredis';
import pg from 'pg';
import { benchEnv } from '../env.js';

/** Root of the checkout. */
export const checkout = fileURLToPath(new URL('../../../../', import.meta.url));

/** Servers and services of one measured system; ended in the reverse order of their start. */
export class Servers {
  private readonly children: Child[] = [];
  private readonly closers: (() => Promise<unknown>)[] = [];

  /** @param dir holds data and logs */
  constructor(readonly dir: string) {}

  /** A private Redis: append-only file, written every second. */
  async redis(): Promise<{ server: RedisServer; client: Redis }> {
    await mkdir(this.dir, { recursive: true });
    const program = await provideRedis(this.dir, (line) => console.error(line));
    const server = await startRedisServer({ program, dir: this.dir });
    this.children.push(server.child);
    const client = new Redis(server.url, { maxRetriesPerRequest: null });
    this.closers.push(() => client.quit());
    return { server, client };
  }

  /** A private PostgreSQL with full durability, counting its statements. */
  async postgres(): Promise<{ server: PostgresServer; pool: pg.Pool }> {
    const options = { dir: this.dir, password: 'bench' };
    await mkdir(this.dir, { recursive: true });
    const plain = await startPostgresServer(options);
    const setup = new pg.Client({ connectionString: plain.url() });
    await setup.connect();
    await setup.query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
    await setup.end();
    await plain.child.stop(10_000);
    const server = await startPostgresServer(options);
    this.children.push(server.child);
    const pool = new pg.Pool({ connectionString: server.url(), max: 1 });
    await pool.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    this.closers.push(() => pool.end());
    return { server, pool };
  }

  /** A Node process of this checkout. */
  async node(name: string, args: string[], env: Record<string, string>): Promise<Child> {
    await mkdir(this.dir, { recursive: true });
    const child = await startChild({
      command: process.execPath,
      args,
      cwd: checkout,
      env: { PATH: benchEnv.path, NODE_ENV: 'production', ...env },
      logFile: join(this.dir, `${name}.log`),
      stopSignal: 'SIGTERM',
      phase: 1,
    });
    this.children.push(child);
    return child;
  }

  async stop(): Promise<void> {
    await Promise.all(this.closers.map((close) => close()));
    for (const child of this.children.reverse()) await child.stop(20_000);
  }
}

/** Starts the server that workflows call. */
export async function startTarget(servers: Servers): Promise<string> {
  const port = await freePort();
  const child = await servers.node('target', [benchFile('load/target.js'), String(port)], {});
  const url = `http://127.0.0.1:${port}`;
  await waitForChild('the target', child, () => answersHttp(`${url}/?q=x`), 20_000);
  return url;
}

/** A compiled file of the bench. */
export const benchFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Whether something answers there with less than 500. */
export async function answersHttp(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status < 500;
  } catch {
    return false; // not yet
  }
}
