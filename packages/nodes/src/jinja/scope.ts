import type { Item } from './runtime.js';

/** Names visible at one place of a template; what an inner scope sets, an outer one does not see. */
export class Scope {
  private readonly names = new Map<string, Item>();
  constructor(private readonly parent?: Scope) {}

  get(name: string): Item | undefined {
    const own = this.names.get(name);
    return own !== undefined ? own : this.parent?.get(name);
  }
  set(name: string, value: Item): void {
    this.names.set(name, value);
  }
}
