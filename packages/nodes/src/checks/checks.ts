import { check, type Check, type Finding } from './check.js';
import { CheckWorker } from './check-worker.js';
import { isTame } from './tame.js';
import { TenantQueue } from './tenant-queue.js';

/** Checks by users' rules, which may be made to take for ever. */
export interface Checks {
  /**
   * C1: the calling thread is held for milliseconds at most; what may take longer is done in a thread of its own.
   * C2: a check that takes longer than 2 s, or more than 256 MB, is cut off, and says so.
   * C3: tenants take turns: nobody waits for more than one check of each other.
   */
  check(tenantId: string, wanted: Check): Promise<Finding>;
}

interface Waiting {
  wanted: Check;
  found: (finding: Finding) => void;
}

const maxWorkers = 2;

/** One set serves a process. Threads start with the first check that needs one. */
export function createChecks(): Checks {
  const queue = new TenantQueue<Waiting>();
  const idle: CheckWorker[] = [];
  let workers = 0;

  async function work(worker: CheckWorker): Promise<void> {
    while (!worker.ended && queue.size > 0) {
      const next = queue.next();
      next?.found(await worker.run(next.wanted));
    }
    if (!worker.ended) return void idle.push(worker);
    workers -= 1;
    if (queue.size > 0) serve();
  }

  function serve(): void {
    const known = idle.pop();
    if (known) return void work(known);
    if (workers >= maxWorkers) return;
    workers += 1;
    void work(new CheckWorker());
  }

  return {
    check(tenantId, wanted) {
      if (isTame(wanted)) return check(wanted);
      return new Promise((found) => {
        queue.add(tenantId, { wanted, found });
        serve();
      });
    },
  };
}
