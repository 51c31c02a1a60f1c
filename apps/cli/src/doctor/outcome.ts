import type { Finding } from '@millrace/contracts';

/** What a look at one thing came to. */
export interface Outcome {
  /** What was looked at: `postgres`, `redis policy`. */
  check: string;
  /** `failed`: Millrace would not start or not work; `warning`: it works, with a drawback; `skipped`: there was nothing to look at. */
  status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** A sentence. Never holds a secret. */
  said: string;
  /** What to do. */
  remedy?: string;
}

export const ok = (check: string, said: string): Outcome => ({ check, status: 'ok', said });
export const skipped = (check: string, said: string): Outcome => ({ check, status: 'skipped', said });
export const warning = (check: string, said: string, remedy: string): Outcome => ({
  check,
  status: 'warning',
  said,
  remedy,
});
export const failed = (check: string, said: string, remedy: string): Outcome => ({
  check,
  status: 'failed',
  said,
  remedy,
});

export const failedBy = (check: string, findings: readonly Finding[]): Outcome[] =>
  findings.map(({ problem, remedy }) => failed(check, problem, remedy));

/** A clock that is off; `serverMs` was read between `beforeMs` and `afterMs` of this machine's clock. */
export function clockOutcome(check: string, serverMs: number, beforeMs: number, afterMs: number): Outcome {
  // Within the time that the question took nothing can be told.
  const skewMs = Math.max(0, beforeMs - serverMs, serverMs - afterMs);
  const said = `Its clock is ${(skewMs / 1000).toFixed(1)} s away from this machine's.`;
  const remedy = 'Let both machines follow the same time servers (NTP).';
  if (skewMs > 5_000) return failed(check, said, remedy);
  if (skewMs > 1_000) return warning(check, said, remedy);
  return ok(check, "Its clock agrees with this machine's.");
}
