import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** When a process was started, as an opaque text: with its id it names the process beyond id reuse. `undefined` = no such process. */
export function processIdentity(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStartTime(pid);
  const shown = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return shown.status === 0 ? shown.stdout.trim() || undefined : undefined;
}

function linuxStartTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // no such process
  }
  // Fields after the command name, which is in parentheses and may hold spaces: state is the first, start time the 20th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/** The command line of a process, as far as the system shows it; empty when there is no such process. */
export function commandLine(pid: number): string {
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return ''; // no such process
  }
}

/** Sends a signal; `false` when the process is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Resolves to whether the process with this identity is gone within `timeoutMs`. */
export async function waitUntilGone(pid: number, identity: string | undefined, timeoutMs: number): Promise<boolean> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const now = processIdentity(pid);
    if (now === undefined || now !== identity) return true;
    if (Date.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
