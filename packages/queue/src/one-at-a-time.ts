/**
 * Work by id, never two of the same at a time: what comes while its like is under way waits for it. All of them return
 * together, because BullMQ renews the lock of a job by the job's id: the first that returned would end it for the others.
 */
export function createOneAtATime(): (id: string, work: () => Promise<void>) => Promise<void> {
  const inHand = new Map<string, Promise<void>>();

  /** Waits until nobody works under this id, however that ends. */
  const lastOf = async (id: string): Promise<void> => {
    for (let last = inHand.get(id); last; last = inHand.get(id)) {
      await last.catch(() => undefined);
      if (inHand.get(id) === last) inHand.delete(id);
    }
  };

  return async (id, work) => {
    const before = inHand.get(id);
    const own = before ? before.catch(() => undefined).then(work) : work();
    inHand.set(id, own);
    try {
      await own;
    } finally {
      if (inHand.get(id) === own) inHand.delete(id);
      else await lastOf(id);
    }
  };
}
