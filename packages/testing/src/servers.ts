import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { provideRedis, startPostgresServer, startRedisServer, type Child } from '@millrace/embedded';
import { repositoryRoot } from './service-process.js';

/** A real server of a test's own. Its port and address stay the same over restarts. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Its data directory. */
  readonly dir: string;
  /** Ends it in order; the data stays. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data (after `stop` or `kill`; otherwise stops it first). */
  restart(): Promise<void>;
  /** Freezes it: connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Ends it for good and removes its data. */
  close(): Promise<void>;
}

type Start = (port: number | undefined) => Promise<{ child: Child; port: number; url: string }>;

/** PostgreSQL with a fresh cluster and an empty database `millrace`. */
export async function startPostgres(options: { maxConnections?: number } = {}): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-postgres-'));
  return startServer(dir, async (port) => {
    const fixed = port === undefined ? {} : { port };
    const server = await startPostgresServer({ dir, password: 'test', durable: false, ...fixed, ...options });
    return { child: server.child, port: server.port, url: server.url() };
  });
}

/** Redis; with `aof` (default false) its data survives `stop`, `kill` and `restart`. */
export async function startRedis(options: { aof?: boolean; databases?: number } = {}): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-redis-'));
  const program = await provideRedis(join(repositoryRoot, '.millrace'), (line) => {
    process.stderr.write(`${line}\n`);
  });
  return startServer(dir, (port) => {
    const fixed = port === undefined ? {} : { port };
    return startRedisServer({ dir, program, aof: options.aof ?? false, databases: options.databases ?? 16, ...fixed });
  });
}

async function startServer(dir: string, start: Start): Promise<TestServer> {
  const first = await start(undefined);
  const { port, url } = first;
  let child = first.child;
  const stop = () => child.stop(10_000);
  return {
    url,
    port,
    dir,
    get pid() {
      return child.pid;
    },
    stop,
    async kill() {
      child.kill('SIGKILL');
      await child.exited;
    },
    async restart() {
      await stop();
      ({ child } = await start(port));
    },
    freeze() {
      child.kill('SIGSTOP');
    },
    thaw() {
      child.kill('SIGCONT');
    },
    async close() {
      child.kill('SIGCONT');
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
