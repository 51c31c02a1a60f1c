import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, startChild, waitForChild } from '@millrace/embedded';
import { inheritedEnv } from './env.js';
import { repositoryRoot } from './service-process.js';

/** The two programs of Prometheus. */
export interface PrometheusPrograms {
  prometheus: string;
  promtool: string;
}

/**
 * Finds Prometheus and promtool on PATH or an earlier private copy, else unpacks Debian's package into the data directory of the
 * checkout: both are single files, so neither root nor its dependencies are needed, and no service is started.
 * @returns `undefined` where they are not there and cannot be had (no apt, no network)
 */
export async function providePrometheus(): Promise<PrometheusPrograms | undefined> {
  const dir = join(repositoryRoot, '.millrace', 'prometheus-program');
  const places = [
    ...(inheritedEnv()['PATH'] ?? '').split(delimiter),
    '/usr/bin',
    '/usr/local/bin',
    join(dir, 'usr/bin'),
  ];
  const find = (): PrometheusPrograms | undefined => {
    const found = places.find((place) => ['prometheus', 'promtool'].every((name) => existsSync(join(place, name))));
    return found === undefined
      ? undefined
      : { prometheus: join(found, 'prometheus'), promtool: join(found, 'promtool') };
  };
  return find() ?? ((await unpack(dir)) ? find() : undefined);
}

async function unpack(dir: string): Promise<boolean> {
  if (!['apt-get', 'dpkg'].every((name) => run('sh', ['-c', `command -v ${name}`], '/'))) return false;
  process.stderr.write('Unpacking Prometheus from the apt package.\n');
  await rm(dir, { recursive: true, force: true });
  await mkdir(join(dir, 'lists', 'partial'), { recursive: true });
  const download = (options: string[]): boolean => run('apt-get', [...options, 'download', 'prometheus'], dir);
  // The system's package lists may be missing (slim images) or old; then private ones do.
  const own = ['-o', `Dir::State::Lists=${dir}/lists`, '-o', `Dir::Cache=${dir}/cache`, '-o', 'Debug::NoLocking=true'];
  if (!download([]) && !(run('apt-get', [...own, 'update'], dir) && download(own))) return false;
  const file = (await readdir(dir)).find((name) => name.endsWith('.deb'));
  return file !== undefined && run('dpkg', ['-x', file, '.'], dir);
}

/** Whether a program did well, and in time: without a network apt may try for long. */
const run = (command: string, args: string[], cwd: string): boolean =>
  spawnSync(command, args, { stdio: 'ignore', cwd, timeout: 120_000 }).status === 0;

/** What a program answered. */
export interface Answer {
  status: number | null;
  /** Both outputs. */
  output: string;
}

/** Runs promtool in the folder `infra/prometheus`. */
export function promtool({ promtool: program }: PrometheusPrograms, args: string[], input = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: join(repositoryRoot, 'infra/prometheus') });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, output }));
    child.stdin.end(input);
  });
}

/** A series of an answer, with its newest value. */
export interface Series {
  metric: Record<string, string>;
  value: number;
}

export interface TestPrometheus {
  url: string;
  /** The newest values of a query. @throws with Prometheus's words when it is wrong */
  query(expr: string): Promise<Series[]>;
  /** The `data` of any `GET /api/v1/…`. */
  get<T>(path: string): Promise<T>;
  close(): Promise<void>;
}

/**
 * Runs Prometheus with the configuration of `infra/prometheus`, which scrapes these processes (`host:port`) every second.
 */
export async function startPrometheus(
  programs: PrometheusPrograms,
  targets: readonly string[],
): Promise<TestPrometheus> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-prometheus-'));
  await cp(join(repositoryRoot, 'infra/prometheus'), dir, { recursive: true });
  await mkdir(join(dir, 'targets'), { recursive: true });
  await writeFile(join(dir, 'targets', 'fleet.json'), JSON.stringify([{ targets }]));
  // The file as it is, but for the pace.
  const config = join(dir, 'prometheus.yml');
  const written = await readFile(config, 'utf8');
  await writeFile(config, written.replace(/((scrape|evaluation)_interval|scrape_timeout): \d+s/g, '$1: 1s'));
  const port = await freePort();
  const child = await startChild({
    command: programs.prometheus,
    args: [
      ...[
        '--config.file',
        config,
        '--storage.tsdb.path',
        join(dir, 'data'),
        '--web.listen-address',
        `127.0.0.1:${port}`,
      ],
      ...['--enable-feature', 'exemplar-storage', '--log.level', 'error'],
    ],
    env: inheritedEnv(),
    cwd: dir,
    logFile: join(dir, 'log'),
    stopSignal: 'SIGTERM',
    phase: 1,
  });
  const url = `http://127.0.0.1:${port}`;
  await waitForChild('Prometheus', child, () => isReady(url), 60_000);

  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}`);
    const body = (await response.json()) as { status: string; error?: string; data: T };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error ?? response.status}`);
    return body.data;
  };
  return {
    url,
    get,
    async query(expr) {
      const found = await get<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expr)}`,
      );
      return found.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async close() {
      await child.stop(20_000);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok;
  } catch {
    return false; // it does not listen yet
  }
}
