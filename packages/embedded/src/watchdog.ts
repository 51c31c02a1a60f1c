import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { processIdentity } from './process-identity.js';

export interface WatchedProcess {
  watch: number;
  identity: string | undefined;
  signal: NodeJS.Signals;
  /** Lower phases are ended first, and waited for. */
  phase: number;
}
export type WatchdogMessage = WatchedProcess | { forget: number };

let input: Writable | undefined;

/** Makes sure that a child does not outlive this process, even after SIGKILL. One watchdog serves all children. */
export function watchChild(pid: number, signal: NodeJS.Signals, phase: number): void {
  tell({ watch: pid, identity: processIdentity(pid), signal, phase });
}

/** To be called when a watched child has exited: its id may be reused. */
export function forgetChild(pid: number): void {
  tell({ forget: pid });
}

function tell(message: WatchdogMessage): void {
  input ??= startWatchdog();
  input.write(`${JSON.stringify(message)}\n`);
}

function startWatchdog(): Writable {
  const child = spawn(process.execPath, [fileURLToPath(new URL('watchdog-main.js', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: {},
  });
  child.unref();
  // The pipe must not keep this process alive either.
  (child.stdin as Writable & { unref(): void }).unref();
  // A watchdog that somebody killed only takes its extra safety away.
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  return child.stdin;
}
