import type { Claim, RunState } from '@millrace/contracts';

/** Streams one node's text to Redis, coalesced: the first piece at once, later ones by time and size. */
export interface TextStream {
  write(name: string, text: string): void;
  /** Sends what is left and waits until everything arrived. */
  end(): Promise<void>;
}

export interface TextStreamOptions {
  claim: Claim;
  /** Selector numbers by output name; text of other names goes nowhere. */
  selectors: Map<string, number>;
  state: Pick<RunState, 'emit'>;
  /** Called before the first piece leaves, so that `node_started` precedes it. */
  beforeFirst: () => void;
  onError: (error: Error) => void;
  /** Longest time a piece waits for company. Default 30 ms. */
  windowMs?: number;
  /** A waiting piece this long leaves at once. Default 512 characters. */
  maxLength?: number;
}

export function createTextStream(options: TextStreamOptions): TextStream {
  const { claim, selectors, state, beforeFirst, onError, windowMs = 30, maxLength = 512 } = options;
  const waiting = new Map<number, string>();
  const sending = new Set<Promise<unknown>>();
  let timer: NodeJS.Timeout | undefined;
  let begun = false;
  let piece = 0;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const [sel, text] of waiting) {
      // A stale answer needs no action: the claim is aborted by its own watch.
      const sent = state
        .emit({ ...claim, sel, text: JSON.stringify(text), piece: ++piece, final: false })
        .catch(onError)
        .finally(() => sending.delete(sent));
      sending.add(sent);
    }
    waiting.clear();
    // The window opens again after a quiet time only; until then pieces are gathered.
    timer = setTimeout(() => {
      timer = undefined;
      if (waiting.size > 0) flush();
    }, windowMs);
  };

  return {
    write(name, text) {
      const sel = selectors.get(name);
      if (sel === undefined || text === '') return;
      if (!begun) {
        begun = true;
        beforeFirst();
      }
      const joined = (waiting.get(sel) ?? '') + text;
      waiting.set(sel, joined);
      if (timer === undefined || joined.length >= maxLength) flush();
    },
    async end() {
      if (waiting.size > 0) flush();
      clearTimeout(timer);
      await Promise.all(sending);
    },
  };
}
