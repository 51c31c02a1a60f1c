import type { Claim, RunState } from '@millrace/contracts';

/** Why a running node is told to stop. */
export type AbortReason = 'ended' | 'lost' | 'shutdown';

export class ClaimAborted extends Error {
  override readonly name = 'ClaimAborted';
  constructor(readonly reason: AbortReason) {
    super(`the node was aborted: ${reason}`);
  }
}

/** Thrown so that the queue redelivers a job that this process hands back. */
export class HandedBack extends Error {
  override readonly name = 'HandedBack';
  constructor() {
    super('this worker is stopping');
  }
}

/** A node in hand. */
export interface HeldClaim {
  /** Aborted with a `ClaimAborted`. */
  signal: AbortSignal;
  release: () => void;
  /** Tells of a claim that was not made yet whether it stands now: it is renewed from here on, or its node aborted. */
  answered: (stands: boolean) => void;
}

/**
 * The nodes this process is executing. Keeps their leases alive and aborts those that no longer
 * stand: the doorbell is fast, the periodic look is sure.
 */
export interface Claims {
  /** @param made whether the claim was made; one that was not hears of ends and shutdown only */
  hold(claim: Claim, made?: boolean): HeldClaim;
  abortRun(runId: string): void;
  /** Renews every lease; aborts what no longer stands. Call often (250 ms). */
  renew(leaseMs: number): Promise<void>;
  /** Aborts every claim, and those that come after: this process is stopping. */
  abortAll(): void;
  size(): number;
}

interface Held {
  claim: Claim;
  made: boolean;
  controller: AbortController;
}

export function createClaims(state: Pick<RunState, 'renew'>): Claims {
  const held = new Set<Held>();
  let stopping = false;
  const abort = (entry: Held, reason: AbortReason): void => entry.controller.abort(new ClaimAborted(reason));

  return {
    hold(claim, made = true) {
      const entry = { claim, made, controller: new AbortController() };
      held.add(entry);
      if (stopping) abort(entry, 'shutdown');
      return {
        signal: entry.controller.signal,
        release: () => void held.delete(entry),
        answered(stands) {
          entry.made = stands;
          if (!stands) abort(entry, 'lost');
        },
      };
    },
    abortRun(runId) {
      for (const entry of held) if (entry.claim.runId === runId) abort(entry, 'ended');
    },
    async renew(leaseMs) {
      const made = [...held].filter((entry) => entry.made);
      const byShard = Map.groupBy(made, (entry) => entry.claim.shard);
      await Promise.all(
        [...byShard].map(async ([shard, entries]) => {
          const standing = await state.renew(
            shard,
            leaseMs,
            entries.map((entry) => entry.claim),
          );
          entries.forEach((entry, i) => {
            // A claim released meanwhile has settled; its token is rightly gone.
            if (standing[i] === false && held.has(entry)) abort(entry, 'lost');
          });
        }),
      );
    },
    abortAll() {
      stopping = true;
      for (const entry of held) abort(entry, 'shutdown');
    },
    size: () => held.size,
  };
}
