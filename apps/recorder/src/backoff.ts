import { setTimeout as sleep } from 'node:timers/promises';

const firstMs = 100;
const lastMs = 5000;

/** Delay before attempt `failures` + 1, ms: doubling, capped at 5 s, between half and all of it. `random` is in [0, 1). */
export const backoffMs = (failures: number, random: number): number =>
  Math.min(lastMs, firstMs * 2 ** (failures - 1)) * (0.5 + random / 2);

/** Waits; rejects when `signal` aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export const pause: Pause = async (ms, signal) => {
  await sleep(ms, undefined, { signal });
};

export interface Persistence {
  signal: AbortSignal;
  pause: Pause;
  /** Told of every failure that is going to be tried again. */
  onRetry: (error: unknown, failures: number) => void;
}

/** Repeats `act` until it succeeds, waiting longer and longer. @throws the abort reason on shutdown. */
export async function persist<T>(act: () => Promise<T>, { signal, pause: wait, onRetry }: Persistence): Promise<T> {
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      signal.throwIfAborted();
      onRetry(error, failures);
      await wait(backoffMs(failures, Math.random()), signal);
    }
  }
}

/** Repeats `turn` until shutdown; a turn that fails is tried again, longer and longer apart. */
export async function repeatUntilShutdown(turn: () => Promise<void>, persistence: Persistence): Promise<void> {
  const running = (): boolean => !persistence.signal.aborted;
  while (running()) {
    try {
      await persist(turn, persistence);
    } catch (error) {
      if (running()) throw error;
    }
  }
}
