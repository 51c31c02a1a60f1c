import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding, StartCheck } from '@millrace/contracts';

/** What a process found it cannot work with. Its message tells all of it, and what to do. */
export class UnfitSurroundings extends Error {
  override readonly name = 'UnfitSurroundings';
  constructor(readonly findings: readonly Finding[]) {
    const told = findings.map(
      ({ check, problem, remedy }) => `${problem} ${remedy} (MILLRACE_ALLOW_UNSAFE=${check} starts all the same.)`,
    );
    super(told.join(' '));
  }
}

export interface StartCheckOptions {
  /** Answers what is wrong with one thing that the process stands on; rejects while that cannot be told (an outage). */
  looks: readonly (() => Promise<Finding[]>)[];
  /** Checks whose findings are only told. */
  allow: readonly StartCheck[];
  /** Hears of an outage once for each try, and of findings that are allowed. */
  onTrouble: (error: Error) => void;
  /** Gives the waiting up. */
  signal?: AbortSignal;
  /** Between two tries. Default 500 ms. */
  everyMs?: number;
}

/**
 * Looks at what a process stands on. What is away is waited for, what is wrong is refused (W1: an outage never ends a process).
 * @returns as soon as all was looked at and is fit, or when `signal` aborts
 * @throws UnfitSurroundings
 */
export async function checkStart({ looks, allow, onTrouble, signal, everyMs = 500 }: StartCheckOptions): Promise<void> {
  let left = looks;
  for (;;) {
    const answers = await Promise.allSettled(left.map((look) => look()));
    const findings = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const refused = findings.filter(({ check }) => !allow.includes(check));
    if (refused.length > 0) throw new UnfitSurroundings(refused);
    for (const finding of findings) onTrouble(new UnfitSurroundings([finding]));
    for (const answer of answers) if (answer.status === 'rejected') onTrouble(asError(answer.reason));
    left = left.filter((_, i) => answers[i]?.status === 'rejected');
    if (left.length === 0 || signal?.aborted) return;
    await sleep(everyMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
