/** What stands for all values that have no place. */
export const otherLabel = 'other';

export interface BoundedLabelOptions {
  /** Most values that are labels at a time; 0: none, all are `other`. */
  max: number;
  /** A value unused for so long gives its place to one that has none, ms. Default 1 h. */
  idleMs?: number;
  /** Told of a value that has lost its place: remove its series. */
  onLeave?: (value: string) => void;
  /** Injected for tests. */
  now?: () => number;
}

/**
 * Label values that users make up, so many at a time (M2): the first to come have a place and keep it as long as they
 * are used, all others are `other`. So a process never has more series than it may, and none is dropped and made again
 * all the time.
 */
export interface BoundedLabel {
  /** The value itself when it has or gets a place, else `other`. `claim: false` gets it none. */
  of(value: string, options?: { claim?: boolean }): string;
}

export function createBoundedLabel(options: BoundedLabelOptions): BoundedLabel {
  const { max, idleMs = 3_600_000, onLeave, now = Date.now } = options;
  /** When each was last used; the longest unused first. */
  const lastUsed = new Map<string, number>();

  function makeRoom(): boolean {
    if (lastUsed.size < max) return true;
    const [oldest] = lastUsed;
    if (!oldest || now() - oldest[1] < idleMs) return false;
    lastUsed.delete(oldest[0]);
    onLeave?.(oldest[0]);
    return true;
  }

  return {
    of(value, { claim = true } = {}) {
      // Taken out and put back it is the last one.
      if (!lastUsed.delete(value) && !(claim && makeRoom())) return otherLabel;
      lastUsed.set(value, now());
      return value;
    },
  };
}
