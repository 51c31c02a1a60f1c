interface Waiter {
  tenantId: string;
  go: () => void;
}

/**
 * Who may run next, among tenants that want the same few interpreters.
 *
 * T1: at most `slots` hold a turn.
 * T2: a free turn goes to the waiting tenant that holds the fewest, the one that has waited longest among equals.
 * T3: with more than one slot, no tenant holds the last one: another tenant's run never waits for a time limit to pass.
 */
export class Turns {
  readonly #slots: number;
  readonly #perTenant: number;
  readonly #held = new Map<string, number>();
  #taken = 0;
  /** In order of arrival. */
  readonly #waiting = new Set<Waiter>();

  constructor(slots: number) {
    this.#slots = slots;
    this.#perTenant = Math.max(1, slots - 1);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when it is this tenant's turn, with the function that gives it back. Rejects with the signal's reason. */
  take(tenantId: string, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        tenantId,
        go: () => {
          signal.removeEventListener('abort', leave);
          this.#count(tenantId, 1);
          resolve(() => {
            this.#count(tenantId, -1);
            this.#serve();
          });
        },
      };
      const leave = (): void => {
        this.#waiting.delete(waiter);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#taken < this.#slots) {
      const next = this.#next();
      if (next === undefined) return;
      this.#waiting.delete(next);
      next.go();
    }
  }

  #next(): Waiter | undefined {
    let best: Waiter | undefined;
    let fewest = this.#perTenant;
    for (const waiter of this.#waiting) {
      const held = this.#held.get(waiter.tenantId) ?? 0;
      if (held < fewest) [best, fewest] = [waiter, held];
      if (fewest === 0) break;
    }
    return best;
  }

  #count(tenantId: string, change: 1 | -1): void {
    this.#taken += change;
    const held = (this.#held.get(tenantId) ?? 0) + change;
    if (held === 0) this.#held.delete(tenantId);
    else this.#held.set(tenantId, held);
  }
}
