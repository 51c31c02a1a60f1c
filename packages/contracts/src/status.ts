/** Terminal states of a run. */
export const terminalStatuses = ['succeeded', 'partial-succeeded', 'failed', 'stopped'] as const;
export type TerminalStatus = (typeof terminalStatuses)[number];
/** States of a node execution in `node_finished` and `node_retry` (service-api 4.3.3). */
export type NodeStatus = 'succeeded' | 'failed' | 'exception' | 'stopped' | 'retry';
