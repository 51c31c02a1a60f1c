import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, waitForChild } from '@millrace/embedded';
import { isReady } from '@millrace/testing';
import type { Redis } from 'ioredis';
import { scenarios, type ScenarioName } from '../scenarios.js';
import { provisionApp, provisionModel } from './provision.js';
import { Servers } from './servers.js';
import type { MeasuredSystem } from './system.js';
import { workflowOf } from './workflows.js';

/** The ledger of the only shard; it is empty when history has caught up. */
const ledgerKey = '{s0}:ledger';
const settleTimeoutMs = 60_000;

export interface FleetOptions {
  name: string;
  traced: boolean;
  /** Folder for CPU profiles. */
  profileDir: string | undefined;
}

/**
 * The real fleet: PostgreSQL, Redis, gateway, worker and recorder as production entry points, history and
 * archive on. `traced` exports every span to a collector that throws them away. Answers one system for the scenario and one for
 * the scenario beside it, named `<name>:<scenario>`, which share the fleet; stopping the first ends it.
 */
export async function startMillrace(
  dir: string,
  scenario: ScenarioName,
  target: string,
  options: FleetOptions,
): Promise<MeasuredSystem[]> {
  const servers = new Servers(dir);
  try {
    return await startFleet(servers, scenario, target, options);
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

async function startFleet(
  servers: Servers,
  scenario: ScenarioName,
  target: string,
  { name, traced, profileDir }: FleetOptions,
): Promise<MeasuredSystem[]> {
  const [postgres, redis] = [await servers.postgres(), await servers.redis()];
  const adminKey = randomBytes(24).toString('hex');
  const env = {
    DATABASE_URL: postgres.server.url(),
    REDIS_URL: redis.server.url,
    MILLRACE_ADMIN_KEY: adminKey,
    MILLRACE_SECRET_KEY: randomBytes(24).toString('hex'),
    OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    ...(traced && { OTEL_EXPORTER_OTLP_ENDPOINT: await startCollector() }),
  };
  const migration = await servers.node('migrate', ['packages/store/dist/migrate-main.js'], env);
  const { code } = await migration.exited;
  if (code !== 0) throw new Error(`migrating failed, see ${migration.logFile}`);

  const start = async (service: string): Promise<{ url: string; pid: number }> => {
    const port = await freePort();
    const profile = profileDir === undefined ? [] : profileFlags(profileDir, `${name}-${service}`);
    const child = await servers.node(service, [...profile, `apps/${service}/dist/main.js`], {
      ...env,
      PORT: String(port),
    });
    const url = `http://127.0.0.1:${port}`;
    await waitForChild(service, child, () => isReady(url), 60_000);
    return { url, pid: child.pid };
  };
  const [recorder, worker, gateway] = [await start('recorder'), await start('worker'), await start('gateway')];

  const console = { url: gateway.url, adminKey };
  if (scenario === 'stream') await provisionModel(console, `${target}/v1`);
  const entry = async (of: ScenarioName) => ({
    scenario: of,
    url: `${gateway.url}/v1/workflows/run`,
    headers: { authorization: `Bearer ${await provisionApp(console, workflowOf(of, target))}` },
  });
  const system: MeasuredSystem = {
    name,
    ...(await entry(scenario)),
    processes: {
      gateway: gateway.pid,
      worker: worker.pid,
      recorder: recorder.pid,
      redis: redis.server.child.pid,
      postgres: postgres.server.child.pid,
    },
    redis: redis.client,
    statements: async () => {
      const { rows } = await postgres.pool.query<{ calls: string }>(
        'SELECT sum(calls) AS calls FROM pg_stat_statements',
      );
      return Number(rows[0]?.calls ?? 0);
    },
    settled: () => ledgerIsEmpty(redis.client),
    stop: () => servers.stop(),
  };
  const { beside } = scenarios[scenario];
  if (beside === undefined) return [system];
  return [system, { ...system, name: `${name}:${beside}`, ...(await entry(beside)), stop: () => Promise.resolve() }];
}

const profileFlags = (dir: string, name: string): string[] => [
  '--cpu-prof',
  `--cpu-prof-dir=${dir}`,
  `--cpu-prof-name=${name}.cpuprofile`,
];

/** Waits until the recorder has caught up; twice in a row, since an end is written after its nodes. */
async function ledgerIsEmpty(redis: Redis): Promise<void> {
  const until = Date.now() + settleTimeoutMs;
  for (let empty = 0; empty < 2;) {
    empty = (await redis.xlen(ledgerKey)) === 0 ? empty + 1 : 0;
    if (Date.now() > until) throw new Error('the recorder does not catch up');
    await sleep(150);
  }
}

/** An OTLP collector in this process that accepts everything and keeps nothing. */
async function startCollector(): Promise<string> {
  const server = createServer((req, res) => {
    req.resume().on('end', () => res.writeHead(200).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
