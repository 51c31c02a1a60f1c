import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, type Child } from '@millrace/embedded';
import type { DataDir } from './data-dir.js';

const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url));
const largestLogBytes = 64 * 1024 * 1024;

/** Starts a service as production does. @param name folder below `apps/` */
export async function startService(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  dataDir: DataDir,
): Promise<Child> {
  const logFile = join(dataDir.logs, `${name}.log`);
  await rotate(logFile);
  return startChild({
    command: process.execPath,
    args: [join(repositoryRoot, 'apps', name, 'dist/main.js')],
    env,
    cwd: repositoryRoot,
    logFile,
    stopSignal: 'SIGTERM',
    phase: 1,
  });
}

/** Keeps one older log, so that logs cannot fill the disk over many starts. */
async function rotate(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0, // there is none yet
  );
  if (size > largestLogBytes) await rename(logFile, `${logFile}.1`);
}

/** Whether the service at `url` says that it is ready. */
export async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // it does not listen yet
  }
}
