/** Remembers look-ups for a moment, and lets simultaneous ones share a query. */
export interface KeyCache<T> {
  get(key: string): Promise<T | undefined>;
  /** Forgets every entry whose value fits. */
  forget(fits: (value: T) => boolean): void;
}

export interface KeyCacheOptions {
  /** Default 1000 ms: a deleted key, a switched-off app or a new version shows on every gateway within this time. */
  foundMs?: number;
  /** Default 250 ms. */
  missingMs?: number;
  /** Default 10,000 entries; the oldest goes first. */
  capacity?: number;
  now?: () => number;
}

interface Entry<T> {
  value: Promise<T | undefined>;
  found: T | undefined;
  until: number;
}

export function createKeyCache<T>(
  load: (key: string) => Promise<T | undefined>,
  { foundMs = 1000, missingMs = 250, capacity = 10_000, now = Date.now }: KeyCacheOptions = {},
): KeyCache<T> {
  const entries = new Map<string, Entry<T>>();

  const start = (key: string): Entry<T> => {
    const entry: Entry<T> = { value: load(key), found: undefined, until: Number.POSITIVE_INFINITY };
    entries.delete(key);
    entries.set(key, entry);
    entry.value.then(
      (found) => {
        entry.found = found;
        entry.until = now() + (found === undefined ? missingMs : foundMs);
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key);
      },
    );
    const oldest = entries.keys().next();
    if (entries.size > capacity && !oldest.done) entries.delete(oldest.value);
    return entry;
  };

  return {
    get(key) {
      const entry = entries.get(key);
      return entry && entry.until > now() ? entry.value : start(key).value;
    },
    forget(fits) {
      // A look-up under way may have read the old state: it is forgotten as well.
      for (const [key, { found }] of entries) if (found === undefined || fits(found)) entries.delete(key);
    },
  };
}
