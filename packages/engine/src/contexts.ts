import type { RunContext, RunLedgerMeta } from '@millrace/contracts';

/** Contexts of runs this process has worked for, so that a run's jobs need not read it again: it never changes. */
export interface Contexts {
  of(runId: string): RunContext | undefined;
  keep(context: RunContext): void;
}

/** @param capacity contexts kept; the oldest goes first. Default 2000 */
export function createContexts(capacity = 2000): Contexts {
  const known = new Map<string, RunContext>();
  return {
    of: (runId) => known.get(runId),
    keep(context) {
      known.set(context.runId, context);
      if (known.size <= capacity) return;
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    },
  };
}

/** What a run's ledger entries say of it. */
export const runLedger = ({ tenantId, appId, createdAtMs }: RunContext): RunLedgerMeta => ({
  tenantId,
  appId,
  createdAtMs,
});
