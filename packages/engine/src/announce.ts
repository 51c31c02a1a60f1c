import type { RunState, ValueObject } from '@millrace/contracts';
import { stringifyJson } from '@millrace/graph';
import { runLedger } from './contexts.js';
import { startedEvent } from './events.js';
import type { ClaimedWork } from './settle.js';

/** Sends `node_started` on its way, and a `node_retry` with it; nobody waits for it. */
export function announceNode(
  { state, onError }: { state: RunState; onError: (error: Error) => void },
  { execution, claim }: ClaimedWork,
  inputs: ValueObject | null,
  retryEvent?: string,
): void {
  const started = startedEvent(execution, stringifyJson(inputs));
  const ledger = JSON.stringify(runLedger(execution.run));
  const announcement = { ...claim, started, ledger, ...(retryEvent === undefined ? {} : { retryEvent }) };
  state.announce(announcement).catch(onError);
}
