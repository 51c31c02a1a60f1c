/** What waits, tenants in turn: however much one has queued, the next of another comes after one of its own. */
export class TenantQueue<T> {
  /** In the order of their turns. */
  readonly #tenants = new Map<string, T[]>();

  /** Tenants with something waiting. */
  get size(): number {
    return this.#tenants.size;
  }

  add(tenantId: string, item: T): void {
    const own = this.#tenants.get(tenantId);
    if (own) own.push(item);
    else this.#tenants.set(tenantId, [item]);
  }

  next(): T | undefined {
    const [first] = this.#tenants;
    if (!first) return undefined;
    const [tenantId, own] = first;
    const item = own.shift();
    // To the end, behind all others.
    this.#tenants.delete(tenantId);
    if (own.length > 0) this.#tenants.set(tenantId, own);
    return item;
  }
}
