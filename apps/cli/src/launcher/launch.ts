import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canListen, freePort, waitForChild, type Child } from '@millrace/embedded';
import { applyMigrations } from '@millrace/store';
import { createConsoleApi } from '../api/console-api.js';
import { inheritedEnv, type LauncherEnv } from '../env.js';
import { say } from '../say.js';
import { takeDataDir, type DataDir } from './data-dir.js';
import { provideKeys } from './keys.js';
import { keepRunning, type KeptProcess } from './keep-running.js';
import { endLeftovers, type ChildRecord } from './leftovers.js';
import { provideSamples, type SampleApp } from './samples.js';
import { isReady, startService } from './service.js';
import { startPostgres, startRedis, type Store } from './stores.js';

/** Time limits of an ordered end, together below 15 s: a start under way, requests and jobs, records, the stores. */
const endMs = { starting: 3_000, services: 6_000, recorder: 2_000, stores: 3_500 };

export interface ReadyLine {
  ready: true;
  url: string;
  console: string;
  adminKey: string;
  apps: SampleApp[];
}

/** Everything that runs here; it grows during the start and can be ended at any time. */
export class Installation {
  private dataDir: DataDir | undefined;
  private record: ChildRecord | undefined;
  private readonly services: KeptProcess[] = [];
  private readonly stores: KeptProcess[] = [];
  private starting: Promise<ReadyLine> | undefined;
  private ending = false;

  constructor(private readonly env: LauncherEnv) {}

  /** Brings everything up. @throws with what to do when something cannot start; then call `end` */
  start(): Promise<ReadyLine> {
    this.starting = this.bringUp();
    return this.starting;
  }

  /** Ends services, then stores; a step of the start that is under way gets a moment to finish. */
  async end(): Promise<void> {
    this.ending = true;
    await Promise.race([Promise.allSettled([this.starting]), delay(endMs.starting, undefined, { ref: false })]);
    const recorders = this.services.filter(({ name }) => name === 'recorder');
    const others = this.services.filter(({ name }) => name !== 'recorder');
    await Promise.all(others.map((service) => service.stop(endMs.services)));
    await Promise.all(recorders.map((service) => service.stop(endMs.recorder)));
    await Promise.all(this.stores.map((store) => store.stop(endMs.stores)));
    await this.dataDir?.release();
  }

  private async bringUp(): Promise<ReadyLine> {
    const { env } = this;
    const dataDir = (this.dataDir = await takeDataDir(resolve(env.MILLRACE_DATA_DIR)));
    this.record = await endLeftovers(dataDir, say);
    const port = env.PORT === 0 ? await freePort() : env.PORT;
    if (!(await canListen(port, env.HOST))) {
      throw new Error(`Port ${port} of ${env.HOST} is taken. Free it, or choose another PORT.`);
    }
    const keys = await provideKeys(dataDir, env);
    const [databaseUrl, redisUrl] = await settleAll([
      env.DATABASE_URL ?? this.keepStore('PostgreSQL', () => startPostgres(dataDir.path, keys.postgresPassword)),
      env.REDIS_URL ?? this.keepStore('Redis', () => startRedis(dataDir.path, keys.redisPassword)),
    ]);
    this.goOn();
    const applied = await applyMigrations(databaseUrl);
    if (applied.length > 0) say(`Migrated the database: ${applied.join(', ')}.`);
    this.goOn();

    const shared = {
      CODE_CACHE_DIR: join(dataDir.path, 'code-cache'),
      ...inheritedEnv(),
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      MILLRACE_DATA_DIR: dataDir.path,
      MILLRACE_ADMIN_KEY: keys.adminKey,
      MILLRACE_SECRET_KEY: keys.secretKey,
    };
    say('Starting gateway, worker and recorder.');
    const [url] = await settleAll([
      this.keepService('gateway', shared, env.HOST, port),
      this.keepService('worker', shared, '127.0.0.1', await freePort()),
      this.keepService('recorder', shared, '127.0.0.1', await freePort()),
    ]);
    this.goOn();
    const apps = await provideSamples(createConsoleApi(url, keys.adminKey), dataDir, databaseName(env));
    return { ready: true, url, console: `${url}/`, adminKey: keys.adminKey, apps };
  }

  private async keepStore(name: string, start: () => Promise<Store>): Promise<string> {
    const { url, child, again } = await start();
    this.stores.push(await this.keep(name, child, again));
    return url;
  }

  /** Resolves to the service's address when it is ready. */
  private async keepService(
    name: string,
    shared: Readonly<Record<string, string | undefined>>,
    host: string,
    port: number,
  ): Promise<string> {
    const url = `http://${urlHost(host)}:${port}`;
    const dataDir = this.dataDir;
    if (!dataDir) throw new Error('The data directory comes first.');
    const again = () => startService(name, { ...shared, HOST: host, PORT: String(port) }, dataDir);
    const child = await again();
    this.services.push(await this.keep(name, child, again));
    await waitForChild(name, child, () => isReady(url), 120_000);
    return url;
  }

  /** Keeps a process running and on record for the case that this process is killed. */
  private async keep(name: string, first: Child, again: () => Promise<Child>): Promise<KeptProcess> {
    await this.record?.add(name, first);
    return keepRunning(name, first, async () => {
      const child = await again();
      await this.record?.add(name, child);
      return child;
    });
  }

  private goOn(): void {
    if (this.ending) throw new StartInterrupted();
  }
}

/** Waits for all, also when one fails: nothing may start behind the back of whoever handles the failure. */
async function settleAll<T extends readonly unknown[]>(steps: [...T]): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(steps);
  return Promise.all(steps);
}

/** Another database gets samples of its own. */
function databaseName({ DATABASE_URL: url }: LauncherEnv): string {
  return url === undefined ? 'embedded' : createHash('sha256').update(url).digest('hex').slice(0, 16);
}

/** The end was asked for while everything was still starting. */
export class StartInterrupted extends Error {}

/** Where a client on this machine reaches a server that listens on `host`. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
