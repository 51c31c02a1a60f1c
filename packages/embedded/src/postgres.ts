import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { searchPath } from './env.js';
import { commandLine, processIdentity, signalProcess, waitUntilGone } from './process-identity.js';
import { startChild, waitForChild, type Child } from './child.js';
import { freePort } from './free-port.js';
import { preparePostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { choosePostgresUser, type PostgresUser } from './postgres-user.js';

export interface PostgresOptions {
  /** Holds the cluster (`postgres/`) and its log; made when missing. */
  dir: string;
  /** Password of the superuser `millrace`, set when the cluster is created. */
  password: string;
  /** Default: a free port. */
  port?: number;
  /** `false` for tests: faster, and a crash of the machine may lose data (a crash of the process does not). Default `true`. */
  durable?: boolean;
  /** Most connections. Default 200. */
  maxConnections?: number;
}

/** A running private PostgreSQL on 127.0.0.1. */
export interface PostgresServer {
  readonly port: number;
  readonly logFile: string;
  readonly child: Child;
  /** Address of a database of this server. Default `millrace`, which exists. */
  url: (database?: string) => string;
}

const user = 'millrace';

/** Starts PostgreSQL, creating its cluster and the database `millrace` the first time. @throws with the end of its log. */
export async function startPostgresServer(options: PostgresOptions): Promise<PostgresServer> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const binaries = await preparePostgresBinaries();
  const runAs = choosePostgresUser(binaries.postgres, options.dir);
  const cluster = join(options.dir, 'postgres');
  if (existsSync(cluster)) await endLeftover(cluster);
  else await createCluster(options, cluster, binaries, runAs);

  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await freePort());
    try {
      return await startOn(port, options, cluster, binaries, runAs);
    } catch (error) {
      // Somebody else may have taken the free port meanwhile; a fixed one is the caller's matter.
      if (options.port !== undefined || tries === 3) throw error;
    }
  }
}

async function startOn(
  port: number,
  options: PostgresOptions,
  cluster: string,
  binaries: PostgresBinaries,
  runAs: PostgresUser,
): Promise<PostgresServer> {
  const logFile = join(options.dir, 'postgres.log');
  const child = await runPostgres(binaries.postgres, serverArgs(cluster, port, options), runAs, logFile);
  const url = (database = 'millrace') => `postgresql://${user}:${options.password}@127.0.0.1:${port}/${database}`;
  await waitForChild('PostgreSQL', child, () => answers(url('postgres')), 60_000);
  await ensureDatabase(url('postgres'), 'millrace');
  return { port, logFile, child, url };
}

function serverArgs(cluster: string, port: number, options: PostgresOptions): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: options.maxConnections ?? 200,
    shared_buffers: '256MB',
    max_wal_size: '4GB',
    jit: 'off',
    ...(options.durable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  return ['-D', cluster, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** Creates the cluster beside its place and moves it there, so that a half-made one is never taken for whole. */
async function createCluster(
  options: PostgresOptions,
  cluster: string,
  binaries: PostgresBinaries,
  runAs: PostgresUser,
): Promise<void> {
  const unfinished = `${cluster}.new`;
  const passwordFile = join(options.dir, `password-${randomBytes(6).toString('hex')}`);
  const ids = clusterOwner(runAs);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, options.password, { mode: 0o600 });
  if (ids) await Promise.all([chown(unfinished, ids.uid, ids.gid), chown(passwordFile, ids.uid, ids.gid)]);
  try {
    const args = [
      ...['-D', unfinished, '-U', user, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8'],
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(options.durable === false ? ['--no-sync'] : []),
    ];
    const logFile = join(options.dir, 'postgres-initdb.log');
    const child = await runPostgres(binaries.initdb, args, runAs, logFile);
    let finished = false;
    void child.exited.then(({ code }) => (finished = code === 0));
    await waitForChild('initdb', child, async () => (child.running ? false : (await child.exited, finished)), 120_000);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, cluster);
}

function runPostgres(program: string, args: string[], runAs: PostgresUser, logFile: string): Promise<Child> {
  const [command = program, ...rest] = [...runAs.prefix, program, ...args];
  const { uid, gid } = runAs;
  return startChild({
    command,
    args: rest,
    // No PG* variable of the caller may change where this server looks; messages stay in one language.
    env: { PATH: searchPath(), LC_ALL: 'C' },
    ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
    logFile,
    // "Fast shutdown": sessions are ended, data is written.
    stopSignal: 'SIGINT',
    phase: 3,
  });
}

/**
 * After a crash: ends a server that still runs on this cluster, and removes a stale pid file. PostgreSQL
 * itself would refuse to start while *any* process has the number in that file, as after a container's restart.
 */
async function endLeftover(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number.parseInt(await readFile(pidFile, 'utf8'), 10);
  if (commandLine(pid).includes(cluster)) {
    const identity = processIdentity(pid);
    signalProcess(pid, 'SIGINT');
    if (!(await waitUntilGone(pid, identity, 10_000))) signalProcess(pid, 'SIGKILL');
    await waitUntilGone(pid, identity, 5_000);
  }
  await rm(pidFile, { force: true });
}

/** Who must own the cluster when root lends another user. */
function clusterOwner({ uid, gid, prefix }: PostgresUser): { uid: number; gid: number } | undefined {
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  const number = (flag: string) => Number(prefix.find((word) => word.startsWith(flag))?.slice(flag.length));
  return prefix.length === 0 ? undefined : { uid: number('--reuid='), gid: number('--regid=') };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false; // not yet
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
