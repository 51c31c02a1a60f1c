import { type Worker } from 'node:worker_threads';
import type { CodeResult } from '@millrace/contracts';
import { failed, type Limits, overLimit } from '../cage/result.js';
import type { FromThread, Run, ToThread } from './protocol.js';

export interface PoolDeps {
  /** Most threads. */
  size: number;
  /** Threads kept ready beyond those that work. */
  spares: number;
  limits: Limits;
  startThread: () => Worker;
  onResult: (id: number, result: CodeResult) => void;
  onTrouble: (message: string) => void;
}

interface Thread {
  worker: Worker;
  /** It has been ready, so it can work. */
  proven: boolean;
  run: Run | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Ended on purpose: what it still says does not count. */
  dismissed: boolean;
}

const restartMs = { least: 100, most: 10_000 };

/**
 * The threads of one language.
 *
 * P1: a thread has one run at a time, and gets the next only after its answer, which says that its interpreter is restored.
 * P2: each run gets one result, unless it is cancelled.
 * P3: a run over its time ends with its thread; a new thread takes the place.
 * P4: threads are started as work comes, one step ahead of it, and stay.
 */
export class Pool {
  readonly #deps: PoolDeps;
  readonly #threads = new Set<Thread>();
  readonly #idle: Thread[] = [];
  readonly #waiting: Run[] = [];
  /** Threads that are going away or whose successor has to wait; they count as threads. */
  #leaving = 0;
  #failedStarts = 0;

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    this.#grow();
  }

  run(run: Run): void {
    const thread = this.#idle.pop();
    if (thread === undefined) this.#waiting.push(run);
    else this.#give(thread, run);
    this.#grow();
  }

  cancel(id: number): void {
    const at = this.#waiting.findIndex((run) => run.id === id);
    if (at >= 0) this.#waiting.splice(at, 1);
    for (const thread of this.#threads) if (thread.run?.id === id) this.#replace(thread);
  }

  #grow(): void {
    const working = [...this.#threads].filter(({ run }) => run !== undefined).length;
    const wanted = Math.min(this.#deps.size, working + this.#waiting.length + this.#deps.spares);
    while (this.#threads.size + this.#leaving < wanted) this.#start();
  }

  #start(): void {
    const thread: Thread = {
      ...{ worker: this.#deps.startThread(), proven: false, dismissed: false },
      ...{ run: undefined, timer: undefined },
    };
    this.#threads.add(thread);
    thread.worker.on('message', (message: FromThread) => {
      if (!thread.dismissed) this.#hear(thread, message);
    });
    thread.worker.on('error', (error: Error & { code?: string }) => {
      if (thread.dismissed) return;
      const outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      if (!outOfMemory) this.#deps.onTrouble(`A thread of the helper failed: ${error.message}`);
      this.#end(
        thread,
        outOfMemory ? overLimit('memory', this.#deps.limits) : failed('The code crashed its interpreter'),
      );
      this.#replace(thread);
    });
    thread.worker.on('exit', () => {
      if (thread.dismissed) return;
      this.#end(thread, failed('The code ended its interpreter'));
      this.#replace(thread);
    });
  }

  #hear(thread: Thread, message: FromThread): void {
    if (message.type === 'ready') {
      thread.proven = true;
      this.#failedStarts = 0;
      this.#goOn(thread);
      return;
    }
    const { run } = thread;
    this.#letGo(thread);
    if (message.spent) this.#replace(thread);
    else this.#goOn(thread);
    // The thread works again while the answer is sent.
    if (run !== undefined) this.#deps.onResult(run.id, message.result);
  }

  #goOn(thread: Thread): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(thread);
    else this.#give(thread, next);
  }

  #give(thread: Thread, run: Run): void {
    thread.run = run;
    thread.timer = setTimeout(() => {
      this.#end(thread, overLimit('time', this.#deps.limits));
      this.#replace(thread);
    }, this.#deps.limits.timeMs);
    const work: ToThread = { code: run.code, inputs: run.inputs };
    thread.worker.postMessage(work);
  }

  #end(thread: Thread, result: CodeResult): void {
    const { run } = thread;
    this.#letGo(thread);
    if (run !== undefined) this.#deps.onResult(run.id, result);
  }

  #letGo(thread: Thread): void {
    clearTimeout(thread.timer);
    thread.run = undefined;
  }

  #replace(thread: Thread): void {
    clearTimeout(thread.timer);
    thread.dismissed = true;
    this.#threads.delete(thread);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    if (!thread.proven) this.#failedStarts++;
    const delay = thread.proven ? 0 : Math.min(restartMs.most, restartMs.least * 2 ** this.#failedStarts);
    // The old one is gone, and its memory with it, before the new one takes any.
    this.#leaving++;
    void thread.worker.terminate().finally(() =>
      setTimeout(() => {
        this.#leaving--;
        this.#grow();
      }, delay),
    );
  }
}
