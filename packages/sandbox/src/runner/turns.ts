/** A tenant that holds turns or waits for some; others are forgotten. */
interface Tenant {
  held: number;
  waiting: number;
  /** Of those that wait, runs whose turn was revoked. */
  displaced: number;
  /** Number of the last turn it got, 0 for none. */
  lastTurn: number;
}

interface Waiter {
  tenant: Tenant;
  long: boolean;
  go: () => void;
}

interface Holder {
  tenant: Tenant;
  /** Number of its turn. */
  turn: number;
  long: boolean;
  /** Asks for the turn back; absent where it has been asked for before. */
  revoke: (() => void) | undefined;
}

/** A run that is still on after this time is a long one. */
const longAfterMs = 500;

/**
 * Who may run next, among tenants that want the same few interpreters.
 *
 * T1: at most `slots` hold a turn.
 * T2: a free turn goes to the waiting tenant that holds the fewest and has the fewest displaced, among equals to the one whose last
 *     turn is longest ago. So tenants take turns, and one that was not here goes first, however many runs others have queued.
 * T3: with more than one slot, no tenant holds the last one: another tenant's run never waits for a time limit to pass.
 * T4: with more than one slot, long runs, whosever they are, keep at most two thirds of the slots from tenants that hold none. If
 *     such a tenant waits and more of them are long, one turn is revoked: of the tenant that holds the most, the youngest. Its
 *     run begins anew when a long turn is free, and that turn is not revoked.
 */
export class Turns {
  readonly #slots: number;
  readonly #perTenant: number;
  readonly #longSlots: number;
  readonly #longAfterMs: number;
  readonly #tenants = new Map<string, Tenant>();
  #turns = 0;
  readonly #holders = new Set<Holder>();
  /** Holders whose turn was revoked and has not come back yet. */
  #coming = 0;
  /** In order of arrival. */
  readonly #waiting = new Set<Waiter>();

  constructor(slots: number, options: { longAfterMs?: number } = {}) {
    this.#slots = slots;
    this.#perTenant = Math.max(1, slots - 1);
    this.#longSlots = Math.max(1, slots - Math.ceil(slots / 3));
    this.#longAfterMs = options.longAfterMs ?? longAfterMs;
  }

  get taken(): number {
    return this.#holders.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when it is this tenant's turn, with the function that gives it back. Rejects with the signal's reason.
   * @param revoke called at most once: the holder must give the turn back at once, and may ask for a long one instead
   */
  take(tenantId: string, signal: AbortSignal, revoke?: () => void): Promise<() => void> {
    return this.#take(tenantId, signal, { long: false, revoke });
  }

  /** As `take`, for a run whose turn was revoked. */
  takeLong(tenantId: string, signal: AbortSignal): Promise<() => void> {
    return this.#take(tenantId, signal, { long: true, revoke: undefined });
  }

  #take(tenantId: string, signal: AbortSignal, { long, revoke }: Pick<Holder, 'long' | 'revoke'>) {
    return new Promise<() => void>((resolve, reject) => {
      const tenant = this.#tenants.get(tenantId) ?? { held: 0, waiting: 0, displaced: 0, lastTurn: 0 };
      this.#tenants.set(tenantId, tenant);
      const forget = (): void => {
        if (tenant.held + tenant.waiting === 0) this.#tenants.delete(tenantId);
      };
      const waiter: Waiter = {
        ...{ tenant, long },
        go: () => {
          signal.removeEventListener('abort', leave);
          tenant.held++;
          tenant.lastTurn = ++this.#turns;
          const holder: Holder = { tenant, turn: this.#turns, long, revoke };
          const back = this.#hold(holder);
          resolve(() => {
            back();
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
      if (long) tenant.displaced++;
      this.#serve();
    });
  }

  /** @returns the function that ends it */
  #hold(holder: Holder): () => void {
    this.#holders.add(holder);
    const timer = setTimeout(() => {
      holder.long = true;
      this.#relieve();
    }, this.#longAfterMs);
    timer.unref();
    return () => {
      clearTimeout(timer);
      this.#holders.delete(holder);
      holder.tenant.held--;
      if (holder.revoke === revoked) this.#coming--;
    };
  }

  #serve(): void {
    while (this.#holders.size < this.#slots) {
      const next = this.#next();
      if (next === undefined) return;
      this.#remove(next);
      next.go();
    }
    this.#relieve();
  }

  #next(): Waiter | undefined {
    const roomForLong = this.#long().length < this.#longSlots;
    let best: Waiter | undefined;
    for (const waiter of this.#waiting) {
      if (waiter.tenant.held >= this.#perTenant || (waiter.long && !roomForLong)) continue;
      if (best === undefined || isBefore(waiter.tenant, best.tenant)) best = waiter;
    }
    return best;
  }

  #long(): Holder[] {
    return [...this.#holders].filter(({ long }) => long);
  }

  /** Revokes turns (T4). */
  #relieve(): void {
    if (this.#holders.size < this.#slots) return;
    const inNeed = new Set<Tenant>();
    for (const { tenant, long } of this.#waiting) if (tenant.held === 0 && !long) inNeed.add(tenant);
    const long = this.#long();
    let tooMany = long.length - this.#coming - this.#longSlots;
    for (; tooMany > 0 && this.#coming < inNeed.size; tooMany--) {
      const [chosen] = long
        .filter(({ revoke }) => revoke !== undefined && revoke !== revoked)
        .sort((a, b) => b.tenant.held - a.tenant.held || b.turn - a.turn);
      if (!chosen) return;
      const { revoke } = chosen;
      chosen.revoke = revoked;
      this.#coming++;
      revoke?.();
    }
  }

  #remove(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    waiter.tenant.waiting--;
    if (waiter.long) waiter.tenant.displaced--;
  }
}

/** Stands for the request that has been made. */
const revoked = (): void => undefined;

function isBefore(one: Tenant, other: Tenant): boolean {
  const [mine, theirs] = [one.held + one.displaced, other.held + other.displaced];
  return mine < theirs || (mine === theirs && one.lastTurn < other.lastTurn);
}
