import { Outage, type NodeResult, type RunState, type ValueObject } from '@millrace/contracts';
import { announceNode } from './announce.js';
import { attempt, type AttemptDeps } from './attempt.js';
import { ClaimAborted, HandedBack, type Claims } from './claims.js';
import { decideOutcome } from './decide-outcome.js';
import { settleNode, untouched, type ClaimedWork, type SettleDeps, type Work } from './settle.js';

export interface UnclaimedDeps extends AttemptDeps, SettleDeps {
  state: RunState;
  claims: Claims;
  onError: (error: Error) => void;
  announceAfterMs?: number;
  /** A pure node that waits this long is claimed while it waits. Default 500 ms. */
  claimAfterMs?: number;
}

/** Claims a node that runs already. `undefined`: the run is over, or another process has the node. */
export type ClaimLate = () => Promise<ClaimedWork | undefined>;

const never = new AbortController().signal;

/** A quick node needs no claim: what it computes is fenced when it is settled, and nothing else comes of it (S3). */
export async function runQuick(deps: UnclaimedDeps, work: Work, claimLate: ClaimLate): Promise<void> {
  const began = performance.now();
  const result = await attempt(deps, work, { signal: never, emitText: () => undefined });
  const settling = willRetry(work, result) ? await claimLate() : work;
  if (settling) await settleNode(deps, settling, result, performance.now() - began);
}

/**
 * Other pure nodes start like that, and most are done before anybody could ask. One that is not done a moment after it began, or that
 * has waited for long, is claimed then: from there on it has a lease, has been announced, and hears of a stop (S3).
 */
export async function runUnclaimed(deps: UnclaimedDeps, work: Work, claimLate: ClaimLate): Promise<void> {
  const { state, claims, announceAfterMs = 8, claimAfterMs = 500 } = deps;
  const { signal, release, answered } = claims.hold(work.claim, false);
  let began = performance.now();
  let present = work;
  let inputs: ValueObject | null = null;
  let isRunning = true;
  let claiming: Promise<ClaimedWork | undefined> | undefined;

  const claim = async (): Promise<ClaimedWork | undefined> => {
    const claimed = await claimLate();
    answered(claimed !== undefined);
    if (claimed && isRunning && !claimed.begun.announced) announceNode(deps, claimed, inputs);
    return claimed;
  };
  const startClaiming = (): void => {
    claiming = claim();
    // Whoever awaits it hears of it.
    claiming.catch(() => undefined);
  };
  let timer = setTimeout(() => {
    began = performance.now();
    startClaiming();
  }, claimAfterMs);
  const begins = (): void => {
    clearTimeout(timer);
    if (claiming) return;
    began = performance.now();
    present = { ...work, execution: { ...work.execution, startedAtMs: Date.now() } };
    timer = setTimeout(startClaiming, announceAfterMs);
  };

  try {
    const result = await attempt(deps, work, {
      ...{ signal, begins, emitText: () => undefined },
      reportInputs: (known) => (inputs = known),
    });
    isRunning = false;
    clearTimeout(timer);
    const elapsedMs = performance.now() - began;
    if (!claiming && willRetry(work, result)) claiming = claim();
    const settling = claiming ? await claiming : present;
    if (signal.aborted) throw signal.reason;
    if (settling) await settleNode(deps, settling, result, elapsedMs);
  } catch (error) {
    isRunning = false;
    clearTimeout(timer);
    if (!(error instanceof ClaimAborted || error instanceof Outage)) throw error;
    if (error instanceof ClaimAborted && error.reason !== 'shutdown') return;
    const claimed = await claiming;
    if (claimed) await state.settle({ ...untouched(claimed), outcome: 'release' });
    throw error instanceof Outage ? error : new HandedBack();
  } finally {
    release();
  }
}

/** A retry belongs to an execution that has its number, so that both attempts tell the same. */
const willRetry = ({ node, job }: Work, result: NodeResult): boolean =>
  result.status === 'failed' && decideOutcome(node, result, job.attempt).outcome === 'retry';
