import type { Claim, EmitResult, RunState } from '@millrace/contracts';
import type { Finish } from './finish.js';

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
  /** How `reasoning_content` is told, which is not ordered with the text; absent when no End node shows the node. */
  reasoning?: { event: (text: string, isFinal: boolean) => string; shownBy: readonly number[] } | undefined;
  state: Pick<RunState, 'emit' | 'reason'>;
  /** Ends the run when this was more text than it may stream. */
  finish: Finish;
  /** Called before the first piece leaves, so that `node_started` precedes it. */
  beforeFirst: () => void;
  onError: (error: Error) => void;
  /** Longest time a piece waits for company. Default 30 ms. */
  windowMs?: number;
  /** A waiting piece this long leaves at once. Default 512 characters. */
  maxLength?: number;
}

export function createTextStream(options: TextStreamOptions): TextStream {
  const { claim, selectors, reasoning, state, finish, beforeFirst, onError, windowMs = 30, maxLength = 512 } = options;
  const waiting = new Map<number | 'reasoning', string>();
  const sending = new Set<Promise<unknown>>();
  let timer: NodeJS.Timeout | undefined;
  let begun = false;
  let piece = 0;
  let reasoned = false;

  // A stale answer needs no action: the claim is aborted by its own watch.
  const send = (call: Promise<EmitResult>): void => {
    const done = call.then((result) => (typeof result === 'object' ? finish(result) : undefined));
    const sent = done.catch(onError).finally(() => sending.delete(sent));
    sending.add(sent);
  };
  const reason = (text: string, isFinal: boolean): void => {
    if (!reasoning) return;
    reasoned = true;
    send(state.reason({ ...claim, event: reasoning.event(text, isFinal), piece: ++piece, shownBy: reasoning.shownBy }));
  };

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const [sel, text] of waiting) {
      if (sel === 'reasoning') reason(text, false);
      else send(state.emit({ ...claim, sel, text: JSON.stringify(text), piece: ++piece, final: false }));
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
      const sel = name === 'reasoning_content' ? reasoning && 'reasoning' : selectors.get(name);
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
      if (reasoned) reason('', true);
      clearTimeout(timer);
      await Promise.all(sending);
    },
  };
}
