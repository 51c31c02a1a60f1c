import type { RunState, ValueObject } from '@millrace/contracts';
import { stringifyJson } from '@millrace/graph';
import { runLedger } from './contexts.js';
import { nodeStarted } from './events.js';
import type { ClaimedWork } from './settle.js';

/** Sends `node_started` on its way, and a `node_retry` with it; nobody waits for it. */
export function announceNode(
  { state, onError }: { state: RunState; onError: (error: Error) => void },
  { execution, begun, claim }: ClaimedWork,
  inputs: ValueObject | null,
  retryEvent?: string,
): void {
  const startedEvent = nodeStarted(execution, begun.index, stringifyJson(inputs));
  const ledger = JSON.stringify(runLedger(execution.run));
  const announcement = { ...claim, startedEvent, ledger, ...(retryEvent === undefined ? {} : { retryEvent }) };
  state.announce(announcement).catch(onError);
}
