/** What a process looks at before it starts to work. */
export const startChecks = ['redis', 'postgres', 'schema', 'secret-key'] as const;
export type StartCheck = (typeof startChecks)[number];

/** Why a process should not work with what it found, in words for the operator. Never holds a secret. */
export interface Finding {
  check: StartCheck;
  /** A sentence. */
  problem: string;
  /** What to do, a sentence. */
  remedy: string;
}
