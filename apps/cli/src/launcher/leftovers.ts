import { processIdentity, signalProcess, waitUntilGone, type Child } from '@millrace/embedded';
import { z } from 'zod';
import type { DataDir } from './data-dir.js';

const file = 'processes.json';
const recorded = z.array(z.object({ name: z.string(), pid: z.number(), identity: z.string().optional() }));
type Recorded = z.infer<typeof recorded>;

/** The running children, written down so that the next start finds what a crash has left. */
export interface ChildRecord {
  add(name: string, child: Child): Promise<void>;
}

/** Ends what is left of a crashed start, in the order in which it was started, services before stores. */
export async function endLeftovers(dataDir: DataDir, say: (line: string) => void): Promise<ChildRecord> {
  const left = recorded.parse((await dataDir.read(file)) ?? []);
  for (const { name, pid, identity } of left.reverse()) {
    if (identity === undefined || processIdentity(pid) !== identity) continue;
    say(`Ending ${name} (process ${pid}), left by a start that was killed.`);
    signalProcess(pid, name === 'PostgreSQL' ? 'SIGINT' : 'SIGTERM');
    signalProcess(pid, 'SIGCONT');
    if (await waitUntilGone(pid, identity, 10_000)) continue;
    signalProcess(pid, 'SIGKILL');
    await waitUntilGone(pid, identity, 5_000);
  }
  return recordChildren(dataDir);
}

function recordChildren(dataDir: DataDir): ChildRecord {
  const running: Recorded = [];
  let lastWrite = dataDir.write(file, running);
  return {
    async add(name, child) {
      const identity = processIdentity(child.pid);
      const others = running.filter((one) => one.name !== name);
      running.splice(0, Infinity, ...others, { name, pid: child.pid, ...(identity ? { identity } : {}) });
      // One write after the other; the last one has everything.
      lastWrite = lastWrite.then(() => dataDir.write(file, running));
      await lastWrite;
    },
  };
}
