import { isUnavailable } from './availability.js';

/**
 * Natural batching: the first call goes at once; calls that arrive while it is under way go together in
 * the next statement. Alone nobody waits, under load one commit serves many.
 *
 * A group that fails is repeated row by row, so that a bad row hurts no other. When Postgres cannot be
 * reached, everything waiting fails at once instead: each would only run into its own time limit.
 */
export function createGroup<Item, Result>(
  /** Writes the items in one statement; answers in their order. */
  write: (items: Item[]) => Promise<Result[]>,
  maxSize = 200,
): (item: Item) => Promise<Result> {
  interface Waiting {
    item: Item;
    resolve: (result: Result) => void;
    reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let running = false;

  async function drain(): Promise<void> {
    running = true;
    const singly: Waiting[] = [];
    while (singly.length + waiting.length > 0) {
      const group = singly.length > 0 ? singly.splice(0, 1) : waiting.splice(0, maxSize);
      try {
        const results = await write(group.map(({ item }) => item));
        group.forEach(({ resolve }, position) => resolve(results[position] as Result));
      } catch (error) {
        if (isUnavailable(error)) {
          for (const { reject } of [...group, ...singly.splice(0), ...waiting.splice(0)]) reject(error);
        } else if (group.length === 1) {
          group[0]?.reject(error);
        } else {
          singly.push(...group);
        }
      }
    }
    running = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!running) void drain();
    });
}

/**
 * Waits for all writes; answers, in order, the error of each or `undefined`.
 * @throws when Postgres could not be reached
 */
export async function settleEach(writes: readonly Promise<unknown>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(writes);
  return results.map((result) => {
    if (result.status === 'fulfilled') return undefined;
    if (isUnavailable(result.reason)) throw result.reason;
    return result.reason as unknown;
  });
}
