/** A tenant that holds turns or waits for some; others are forgotten. */
interface Tenant {
  held: number;
  waiting: number;
  /** Number of the last turn it got, 0 for none. */
  lastTurn: number;
}

interface Waiter {
  tenant: Tenant;
  go: () => void;
}

/**
 * Who may run next, among tenants that want the same few interpreters.
 *
 * T1: at most `slots` hold a turn.
 * T2: a free turn goes to the waiting tenant that holds the fewest, among equals to the one whose last turn is longest ago. So
 *     tenants take turns, and one that was not here goes first, however many runs others have queued before it.
 * T3: with more than one slot, no tenant holds the last one: another tenant's run never waits for a time limit to pass.
 */
export class Turns {
  readonly #slots: number;
  readonly #perTenant: number;
  readonly #tenants = new Map<string, Tenant>();
  #taken = 0;
  #turns = 0;
  /** In order of arrival. */
  readonly #waiting = new Set<Waiter>();

  constructor(slots: number) {
    this.#slots = slots;
    this.#perTenant = Math.max(1, slots - 1);
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when it is this tenant's turn, with the function that gives it back. Rejects with the signal's reason. */
  take(tenantId: string, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const tenant = this.#tenants.get(tenantId) ?? { held: 0, waiting: 0, lastTurn: 0 };
      this.#tenants.set(tenantId, tenant);
      const forget = (): void => {
        if (tenant.held + tenant.waiting === 0) this.#tenants.delete(tenantId);
      };
      const waiter: Waiter = {
        tenant,
        go: () => {
          signal.removeEventListener('abort', leave);
          this.#taken++;
          tenant.held++;
          tenant.lastTurn = ++this.#turns;
          resolve(() => {
            this.#taken--;
            tenant.held--;
            forget();
            this.#serve();
          });
        },
      };
      const leave = (): void => {
        this.#remove(waiter);
        forget();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(waiter);
      tenant.waiting++;
      this.#serve();
    });
  }

  #serve(): void {
    while (this.#taken < this.#slots) {
      const next = this.#next();
      if (next === undefined) return;
      this.#remove(next);
      next.go();
    }
  }

  #next(): Waiter | undefined {
    let best: Waiter | undefined;
    for (const waiter of this.#waiting) {
      const { held, lastTurn } = waiter.tenant;
      if (held >= this.#perTenant) continue;
      const first = best?.tenant;
      if (first === undefined || held < first.held || (held === first.held && lastTurn < first.lastTurn)) best = waiter;
    }
    return best;
  }

  #remove(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    waiter.tenant.waiting--;
  }
}
