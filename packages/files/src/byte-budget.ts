interface Waiter {
  tenantId: string;
  bytes: number;
  go: () => void;
}

/** A share of the budget. */
export interface Share {
  /** Gives back what turned out not to be needed. */
  shrinkTo(bytes: number): void;
  /** Gives everything back; again is no error. */
  release(): void;
}

/** Of the whole budget: what one tenant may have. */
const tenantPart = 0.75;

/**
 * Bytes that a process may hold in memory, shared out among tenants.
 *
 * B1: shares together never exceed the budget. A wish larger than the budget, or than a tenant's part of it, counts as that part.
 * B2: the next share goes to the waiting tenant that holds the fewest bytes, among equals to the one that waits longest. Nobody
 *     overtakes it, so that large wishes come to pass too.
 * B3: no tenant holds more than three quarters: there is always something left for another.
 */
export class ByteBudget {
  readonly #total: number;
  readonly #perTenant: number;
  readonly #held = new Map<string, number>();
  #taken = 0;
  /** In order of arrival. */
  readonly #waiting = new Set<Waiter>();

  constructor(total: number) {
    this.#total = total;
    this.#perTenant = Math.floor(total * tenantPart);
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when the bytes are free for this tenant. Rejects with the signal's reason. */
  async take(tenantId: string, wanted: number, signal?: AbortSignal): Promise<Share> {
    signal?.throwIfAborted();
    const bytes = Math.min(wanted, this.#perTenant);
    if (bytes > 0) await this.#turn(tenantId, bytes, signal);
    let held = bytes;
    const shrinkTo = (size: number): void => {
      const freed = held - Math.min(held, size);
      if (freed === 0) return;
      held -= freed;
      this.#hold(tenantId, -freed);
      this.#serve();
    };
    return { shrinkTo, release: () => shrinkTo(0) };
  }

  #turn(tenantId: string, bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(waiter);
        reject(signal?.reason as Error);
        this.#serve();
      };
      const waiter: Waiter = {
        ...{ tenantId, bytes },
        go: () => {
          signal?.removeEventListener('abort', leave);
          this.#waiting.delete(waiter);
          this.#hold(tenantId, bytes);
          resolve();
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      this.#serve();
    });
  }

  #serve(): void {
    for (let next = this.#next(); next && next.bytes <= this.#total - this.#taken; next = this.#next()) next.go();
  }

  #next(): Waiter | undefined {
    let best: Waiter | undefined;
    let least = Infinity;
    for (const waiter of this.#waiting) {
      const held = this.#heldBy(waiter.tenantId);
      if (held >= least || held + waiter.bytes > this.#perTenant) continue;
      best = waiter;
      least = held;
    }
    return best;
  }

  #heldBy(tenantId: string): number {
    return this.#held.get(tenantId) ?? 0;
  }

  #hold(tenantId: string, bytes: number): void {
    this.#taken += bytes;
    const held = this.#heldBy(tenantId) + bytes;
    if (held === 0) this.#held.delete(tenantId);
    else this.#held.set(tenantId, held);
  }
}
