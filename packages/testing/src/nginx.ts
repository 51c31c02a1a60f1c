import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, freePort, startChild, waitForChild } from '@millrace/embedded';
import { inheritedEnv } from './env.js';
import { repositoryRoot } from './service-process.js';

const places = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx'];

/** Finds nginx, else installs it with apt where that is allowed. @returns its path, or `undefined` */
export function provideNginx(): string | undefined {
  const find = (): string | undefined => places.find((path) => existsSync(path));
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  return find() ?? (aptInstall('nginx', ['nginx-light'], say) ? find() : undefined);
}

/** nginx does not say when all of its processes have read a new configuration. */
const reloadMs = 2000;

export interface TestNginx {
  readonly url: string;
  /** Sends nothing new to this gateway (from 1), as infra/rolling-restart.sh does; `undefined`: to all again. */
  takeOut(gateway: number | undefined): Promise<void>;
  /** What it has printed: its access log (JSON) and its errors. */
  logs(): Promise<string>;
  close(): Promise<void>;
}

/** Runs the nginx configuration of `infra/nginx` on loopback, in front of the given gateways (`host:port`). */
export async function startNginx(program: string, gateways: readonly string[]): Promise<TestNginx> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-nginx-'));
  const port = await freePort();
  const read = (name: string): Promise<string> => readFile(join(repositoryRoot, 'infra/nginx', name), 'utf8');
  const config = replaced(await read('nginx.conf'), [
    [/listen 8080;/, `listen 127.0.0.1:${port};`],
    [/worker_connections \d+;/, 'worker_connections 1024;'],
    [/\/tmp\//g, `${dir}/`],
  ]);
  const upstream = replaced(await read('upstream.conf'), [
    // Addresses instead of names that are looked up.
    [/^resolver .*$/m, ''],
    // Debian's nginx does not have it.
    [/^keepalive_min_timeout .*$/m, ''],
    [/gateway-(\d+):8080 resolve/g, (_, number: string) => gateways[Number(number) - 1] ?? ''],
  ]);
  const configFile = join(dir, 'nginx.conf');
  const upstreamFile = join(dir, 'upstream.conf');
  await Promise.all([writeFile(configFile, config), writeFile(upstreamFile, upstream)]);

  const logFile = join(dir, 'log');
  // As root its workers would belong to somebody who may not enter the directory.
  const user = process.getuid?.() === 0 ? ' user root;' : '';
  const child = await startChild({
    command: program,
    args: ['-p', dir, '-c', configFile, '-g', `daemon off;${user}`],
    env: inheritedEnv(),
    logFile,
    stopSignal: 'SIGTERM',
    phase: 1,
  });
  const url = `http://127.0.0.1:${port}`;
  await waitForChild('nginx', child, () => answers(`${url}/health/proxy`), 60_000);
  return {
    url,
    async takeOut(gateway) {
      const address = gateway === undefined ? undefined : gateways[gateway - 1];
      await writeFile(upstreamFile, address === undefined ? upstream : upstream.replaceAll(address, `${address} down`));
      child.kill('SIGHUP');
      await new Promise((resolve) => setTimeout(resolve, reloadMs));
    },
    logs: () => readFile(logFile, 'utf8'),
    async close() {
      await child.stop(10_000);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

type Replacement = [pattern: RegExp, by: string | ((match: string, group: string) => string)];

/** @throws when a pattern is not there: the test would run something else than the file says */
function replaced(text: string, replacements: Replacement[]): string {
  for (const [pattern, by] of replacements) {
    const changed = typeof by === 'string' ? text.replace(pattern, by) : text.replace(pattern, by);
    if (changed === text) throw new Error(`${String(pattern)} is not in the nginx configuration`);
    text = changed;
  }
  return text;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false; // it does not listen yet
  }
}
