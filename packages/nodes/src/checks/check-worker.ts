import { Worker } from 'node:worker_threads';
import { troubles, type Check, type Finding } from './check.js';

/** Ordinary rules take a few milliseconds; a busy machine may let a thread wait. */
const longestMs = 2_000;
const limits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16, stackSizeMb: 2 };

/** A thread that does checks, one at a time, and is ended when one takes too long. It keeps no process alive while it is idle. */
export class CheckWorker {
  readonly #worker = new Worker(new URL('./check-thread.js', import.meta.url), { env: {}, resourceLimits: limits });
  readonly #ready = new Promise<void>((resolve) => this.#worker.once('message', () => resolve()));
  readonly #died = new Promise<string>((resolve) => {
    this.#worker.once('error', (error: Error & { code?: string }) =>
      resolve(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'the check took more than 256 MB' : error.message),
    );
    this.#worker.once('exit', () => resolve('the check was cut off'));
  });
  /** Whether it can do no more. */
  ended = false;

  async run(wanted: Check): Promise<Finding> {
    const worker = this.#worker;
    let timer: NodeJS.Timeout | undefined;
    worker.ref();
    try {
      const begun = await Promise.race([this.#ready, this.#died]);
      const outcome = begun ?? (await Promise.race([found(), this.#died, late()]));
      if (typeof outcome !== 'string') return outcome;
      this.ended = true;
      // Its end is awaited, so that there are never more threads than there may be.
      await worker.terminate();
      return { wrong: troubles[wanted.kind](outcome) };
    } finally {
      clearTimeout(timer);
      worker.unref();
    }

    function found(): Promise<Finding> {
      const answer = new Promise<Finding>((resolve) => worker.once('message', resolve));
      worker.postMessage(wanted);
      return answer;
    }

    function late(): Promise<string> {
      return new Promise((resolve) => {
        timer = setTimeout(() => resolve(`the check took longer than ${longestMs} ms`), longestMs);
      });
    }
  }
}
