import type { JsonText } from '@millrace/contracts';

/**
 * What executions of this process knew when they were settled: the outputs they read and their own. A node that they made ready
 * and that comes to the same process need not read them again. Outputs never change once they are settled, and the token
 * says by whom they were: a settlement that rests on values of one that was refused is refused as well (S4).
 */
export interface RecentValues {
  /** @param values outputs by node id; what was not there when it was read may be there by now, and is left out */
  keep(token: string, values: ReadonlyMap<string, JsonText>): void;
  /** The outputs of these nodes, or `undefined` when one is not known. */
  of(token: string | undefined, nodeIds: readonly string[]): JsonText[] | undefined;
}

interface Entry {
  values: ReadonlyMap<string, JsonText>;
  length: number;
}

/** @param options `capacity`: characters kept in all, the oldest go first, default 16 million; `largest` of one execution, default 64 thousand */
export function createRecentValues({ capacity = 16_000_000, largest = 64_000 } = {}): RecentValues {
  const entries = new Map<string, Entry>();
  let kept = 0;
  return {
    keep(token, values) {
      let length = 100; // of the entry itself
      for (const text of values.values()) length += text.length;
      if (length > largest) return;
      entries.set(token, { values, length });
      kept += length;
      for (const [oldest, entry] of entries) {
        if (kept <= capacity) return;
        entries.delete(oldest);
        kept -= entry.length;
      }
    },

    of(token, nodeIds) {
      const entry = token === undefined ? undefined : entries.get(token);
      if (!entry) return undefined;
      const found: JsonText[] = [];
      for (const id of nodeIds) {
        const value = entry.values.get(id);
        if (value === undefined) return undefined;
        found.push(value);
      }
      return found;
    },
  };
}
