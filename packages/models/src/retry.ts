import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelError } from '@millrace/contracts';

const firstWaitMs = 500;
const maxWaitMs = 8_000;
/** A provider that asks for a longer wait than this is not waited for: a worker's slot is too dear. */
export const maxRetryAfterMs = 30_000;

export interface FailedAttempt {
  failure: ModelError;
  /** Number of the attempt, from 1. */
  attempt: number;
  maxRetries: number;
  /** Whether text has reached the run; it can't be taken back. */
  streamed: boolean;
  /** From 0 to 1, so that many workers do not return at the same moment. */
  random: number;
}

/** Milliseconds to wait before the call is repeated; `undefined` = it is not. */
export function decideRetry({ failure, attempt, maxRetries, streamed, random }: FailedAttempt): number | undefined {
  if (!failure.transient || streamed || attempt > maxRetries) return undefined;
  const backoffMs = Math.min(firstWaitMs * 2 ** (attempt - 1), maxWaitMs) * (0.5 + random / 2);
  if (failure.retryAfterMs === undefined) return backoffMs;
  return failure.retryAfterMs > maxRetryAfterMs ? undefined : Math.max(failure.retryAfterMs, backoffMs);
}

/** @throws the signal's reason, at once, when it is aborted */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Only an abort ends the wait early.
    throw signal.reason;
  }
}
