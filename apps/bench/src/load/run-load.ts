import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadMessage, LoadPlan, LoadResult } from './plan.js';

const clientFile = fileURLToPath(new URL('./client.js', import.meta.url));

/**
 * Loads from a process of its own. `warm` is called between warm-up and measurement.
 * @throws when the client dies.
 */
export async function runLoad(plan: LoadPlan, warm: () => Promise<void>): Promise<LoadResult> {
  const client = fork(clientFile, [JSON.stringify(plan)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    client.once('error', reject);
    client.once('exit', (code) => reject(new Error(`the load process ended with ${String(code)}`)));
    client.on('message', (message: LoadMessage) => {
      if (message.type === 'result') resolve(message.result);
      else if (message.type === 'warm') warm().then(() => client.send({ type: 'go' } satisfies LoadMessage), reject);
    });
  });
}
