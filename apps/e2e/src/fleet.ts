import { setTimeout } from 'node:timers/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyMigrations } from '@millrace/store';
import {
  spawnService,
  startPostgres,
  startRedis,
  testKeys,
  type ServiceProcess,
  type TestServer,
} from '@millrace/testing';

export interface FleetOptions {
  /** Default 1 each. */
  gateways?: number;
  workers?: number;
  recorders?: number;
  /** More environment for every process. */
  env?: Record<string, string>;
}

export type ServiceName = 'gateway' | 'worker' | 'recorder';

export interface PublishedApp {
  appId: string;
  apiKey: string;
}

/** Real processes on their own PostgreSQL and Redis (AOF `everysec`). */
export class Fleet {
  readonly gateways: ServiceProcess[] = [];
  readonly workers: ServiceProcess[] = [];
  readonly recorders: ServiceProcess[] = [];

  private constructor(
    readonly postgres: TestServer,
    readonly redis: TestServer,
    readonly dataDir: string,
    private readonly env: Record<string, string>,
  ) {}

  static async start({ gateways = 1, workers = 1, recorders = 1, env = {} }: FleetOptions = {}): Promise<Fleet> {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis({ aof: true })]);
    await applyMigrations(postgres.url);
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-fleet-'));
    const base = {
      MILLRACE_DATA_DIR: dataDir,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8',
      LOG_LEVEL: 'warn',
    };
    const fleet = new Fleet(postgres, redis, dataDir, { ...base, ...env });
    await Promise.all([
      ...Array.from({ length: gateways }, () => fleet.add('gateway')),
      ...Array.from({ length: workers }, () => fleet.add('worker')),
      ...Array.from({ length: recorders }, () => fleet.add('recorder')),
    ]);
    return fleet;
  }

  async add(name: ServiceName, env: Record<string, string> = {}): Promise<ServiceProcess> {
    const service = await spawnService(name, { ...this.env, ...env });
    this.list(name).push(service);
    return service;
  }

  /**
   * Restarts a process as an orchestrator does: SIGTERM, and when it has gone another one in its place, on its port.
   * Resolves when that one is ready. @returns how the old one went
   */
  async restart(
    name: ServiceName,
    index: number,
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null; ms: number }> {
    const list = this.list(name);
    const old = list[index];
    if (!old) throw new Error(`there is no ${name} ${index}`);
    const begin = Date.now();
    old.kill('SIGTERM');
    const exit = await old.exited;
    const ms = Date.now() - begin;
    list[index] = await spawnService(name, { ...this.env, PORT: String(old.port) });
    await old.stop();
    return { ...exit, ms };
  }

  private list(name: ServiceName): ServiceProcess[] {
    return { gateway: this.gateways, worker: this.workers, recorder: this.recorders }[name];
  }

  /** Address of gateway `index`. */
  url(index = 0): string {
    return this.gateways[index]?.url ?? '';
  }

  /** A call of the console API; asked again while the machine is too busy for an answer in time. */
  async console<T>(method: string, path: string, body?: unknown, until = Date.now() + 60_000): Promise<T> {
    const response = await fetch(`${this.url()}/console/api/${path}`, {
      method,
      headers: { authorization: `Bearer ${testKeys.MILLRACE_ADMIN_KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status === 503 && Date.now() < until) {
      await setTimeout(1000);
      return this.console(method, path, body, until);
    }
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  /** Imports, publishes and gives the app a key. */
  async publish(file: string): Promise<PublishedApp> {
    const { app_id: appId } = await this.console<{ app_id: string }>('POST', 'apps/imports', {
      mode: 'yaml-content',
      yaml_content: file,
    });
    await this.console('POST', `apps/${appId}/workflows/publish`, {});
    const { token } = await this.console<{ token: string }>('POST', `apps/${appId}/api-keys`);
    return { appId, apiKey: token };
  }

  saveModel(baseUrl: string): Promise<unknown> {
    const path = `workspaces/current/model-providers/${encodeURIComponent('langgenius/openai/openai')}/credentials`;
    return this.console('POST', path, { credentials: { api_key: 'sk-test-secret', base_url: baseUrl } });
  }

  async stop(): Promise<void> {
    const services = [...this.gateways, ...this.workers, ...this.recorders];
    await Promise.all(services.map((service) => service.stop()));
    await Promise.all([this.redis.close(), this.postgres.close()]);
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** What the processes said; for failures. */
  async logs(): Promise<string> {
    const services = [...this.gateways, ...this.workers, ...this.recorders];
    return (await Promise.all(services.map(async (each) => `== ${each.name} ${each.pid}\n${await each.logs()}`))).join(
      '\n',
    );
  }
}
