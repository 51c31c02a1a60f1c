import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { searchPath } from './env.js';
import { startChild, waitForChild, type Child } from './child.js';
import { freePort } from './free-port.js';
import type { RedisProgram } from './redis-program.js';

export interface RedisOptions {
  program: RedisProgram;
  /** Holds the data (`redis/`), configuration and log; made when missing. */
  dir: string;
  /** Default: a free port. */
  port?: number;
  /** Default: none. */
  password?: string;
  /** Append-only file, written every second. Default `true`; without it a restart loses everything. */
  aof?: boolean;
  /** Number of databases. Default 16. */
  databases?: number;
}

/** A running private Redis on 127.0.0.1. */
export interface RedisServer {
  readonly port: number;
  readonly logFile: string;
  readonly child: Child;
  readonly url: string;
}

/** Starts Redis and waits until it has loaded its data. @throws with the end of its log. */
export async function startRedisServer(options: RedisOptions): Promise<RedisServer> {
  const data = join(options.dir, 'redis');
  await mkdir(data, { recursive: true, mode: 0o700 });
  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await freePort());
    try {
      return await startOn(port, data, options);
    } catch (error) {
      // Somebody else may have taken the free port meanwhile; a fixed one is the caller's matter.
      if (options.port !== undefined || tries === 3) throw error;
    }
  }
}

async function startOn(port: number, data: string, options: RedisOptions): Promise<RedisServer> {
  const { dir, password, program } = options;
  const configFile = join(dir, 'redis.conf');
  const logFile = join(dir, 'redis.log');
  await writeFile(configFile, configuration(port, data, options), { mode: 0o600 });
  const child = await startChild({
    command: program.command,
    args: [configFile],
    env: { PATH: searchPath(), ...program.env },
    logFile,
    stopSignal: 'SIGTERM',
    phase: 2,
  });
  await waitForChild('Redis', child, () => pongs(port, password), 120_000);
  return { port, logFile, child, url: `redis://${password ? `:${password}@` : ''}127.0.0.1:${port}` };
}

function configuration(port: number, data: string, { aof = true, databases = 16, password }: RedisOptions): string {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${JSON.stringify(data)}`,
    'daemonize no',
    // The append-only file alone is the truth; snapshots would only fork and surprise.
    'save ""',
    `appendonly ${aof ? 'yes' : 'no'}`,
    'appendfsync everysec',
    // The data are small and short-lived: rewriting at the default 64 MB would fork every few seconds under load.
    'auto-aof-rewrite-min-size 512mb',
    'aof-load-truncated yes',
    // Run state must never be evicted: full memory refuses writes, which callers see as 503.
    'maxmemory-policy noeviction',
    `databases ${databases}`,
    ...(password ? [`requirepass ${password}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** Whether the server answers `PING`; while it loads data it answers with an error. */
function pongs(port: number, password: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let answer = '';
    const finish = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.setTimeout(2_000, () => {
      finish(false);
    });
    socket.on('error', () => {
      finish(false);
    });
    socket.on('close', () => {
      finish(false);
    });
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (answer.includes('+PONG')) finish(true);
      else if (answer.includes('-')) finish(false);
    });
    socket.write(`${password ? `AUTH ${password}\r\n` : ''}PING\r\n`);
  });
}
