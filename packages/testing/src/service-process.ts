import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startChild, waitForChild } from '@millrace/embedded';
import { inheritedEnv } from './env.js';

/** Root of the repository. */
export const repositoryRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** Keys that `spawnService` gives to services unless the test chooses others. */
export const testKeys = {
  MILLRACE_ADMIN_KEY: 'test-admin-key-0123456789',
  MILLRACE_SECRET_KEY: 'test-secret-key-0123456789-0123456789',
} as const;

export interface ServiceProcess {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL if it has not gone after 30 s; removes its log. */
  stop(): Promise<void>;
  /** Everything it has printed. */
  logs(): Promise<string>;
}

/**
 * Starts a service as production does (`apps/<name>/dist/main.js`, configured by environment only) and
 * waits until `/health/ready` answers 200, unless `ready: false`. It dies with the test process.
 * @param name folder below `apps/` @throws with the end of its log when it does not become ready in 60 s
 */
export async function spawnService(
  name: string,
  env: Readonly<Record<string, string>>,
  options: { ready?: boolean } = {},
): Promise<ServiceProcess> {
  const dir = await mkdtemp(join(tmpdir(), `millrace-${name}-`));
  const logFile = join(dir, 'log');
  const port = env['PORT'] === undefined ? await freePort() : Number(env['PORT']);
  const child = await startChild({
    command: process.execPath,
    args: [join(repositoryRoot, 'apps', name, 'dist/main.js')],
    env: {
      ...inheritedEnv(),
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      ...testKeys,
      ...env,
      PORT: String(port),
    },
    cwd: repositoryRoot,
    logFile,
    stopSignal: 'SIGTERM',
    phase: 1,
  });
  const url = `http://127.0.0.1:${port}`;
  if (options.ready !== false) await waitForChild(name, child, () => isReady(url), 60_000);
  return {
    name,
    url,
    port,
    pid: child.pid,
    exited: child.exited,
    kill: child.kill,
    async stop() {
      child.kill('SIGCONT');
      await child.stop(30_000);
      await rm(dir, { recursive: true, force: true });
    },
    logs: () => readFile(logFile, 'utf8'),
  };
}

/** Whether the process at `url` says that it is ready. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // it does not listen yet
  }
}
