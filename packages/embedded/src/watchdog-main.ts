/**
 * Ends a process's children when that process is gone, however it went: its end of our standard
 * input closes, and what it has not taken back by then is stopped, phase by phase.
 * Lines: `{"watch":pid,"identity":…,"signal":"SIGTERM","phase":1}` and `{"forget":pid}`.
 */
import { createInterface } from 'node:readline';
import { processIdentity, signalProcess, waitUntilGone } from './process-identity.js';
import type { WatchdogMessage, WatchedProcess } from './watchdog.js';

const graceMs = 8_000;
const watched = new Map<number, WatchedProcess>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as WatchdogMessage;
  if ('forget' in message) watched.delete(message.forget);
  else watched.set(message.watch, message);
}

const phases = [...new Set([...watched.values()].map((one) => one.phase))].sort((a, b) => a - b);
for (const phase of phases) {
  await Promise.all([...watched.values()].filter((one) => one.phase === phase).map(end));
}

async function end({ watch: pid, identity, signal }: WatchedProcess): Promise<void> {
  if (processIdentity(pid) !== identity || !signalProcess(pid, signal)) return;
  // A stopped process handles no signal before it goes on.
  signalProcess(pid, 'SIGCONT');
  if (!(await waitUntilGone(pid, identity, graceMs))) signalProcess(pid, 'SIGKILL');
}
