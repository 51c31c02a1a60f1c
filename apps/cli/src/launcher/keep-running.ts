import type { Child } from '@millrace/embedded';
import { reasonOf, say } from '../say.js';

const firstDelayMs = 500;
const longestDelayMs = 15_000;
/** A process that lived this long was healthy: its next crash starts with the first delay again. */
const healthyMs = 30_000;

/** A process that is started again whenever it ends by itself, until `stop`. */
export interface KeptProcess {
  readonly name: string;
  stop(timeoutMs: number): Promise<void>;
}

/** @param first the running process @param again starts it anew */
export function keepRunning(name: string, first: Child, again: () => Promise<Child>): KeptProcess {
  const stopped = new AbortController();
  const isStopped = () => stopped.signal.aborted;
  let child = first;

  const keep = async () => {
    let delayMs = firstDelayMs;
    for (;;) {
      const bornAtMs = Date.now();
      const { code, signal } = await child.exited;
      if (isStopped()) return;
      if (Date.now() - bornAtMs > healthyMs) delayMs = firstDelayMs;
      const how = signal ?? `exit code ${code}`;
      say(`${name} ended (${how}); starting it again in ${delayMs / 1000} s. Its log: ${child.logFile}`);
      await pause(delayMs, stopped.signal);
      if (isStopped()) return;
      delayMs = Math.min(delayMs * 2, longestDelayMs);
      child = await again().catch((error: unknown) => {
        say(`${name} could not be started again: ${reasonOf(error)}`);
        return child;
      });
      if (isStopped()) child.kill('SIGKILL');
    }
  };
  const kept = keep();
  return {
    name,
    async stop(timeoutMs) {
      stopped.abort();
      await child.stop(timeoutMs);
      await kept;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
