/**
 * Node types that workers can execute. Kept here as well, because loading the executors to ask them
 * would cost the gateway 30 MB and a fifth of a second; a test compares the two.
 */
export const supportedNodeTypes: ReadonlySet<string> = new Set([
  'start',
  'end',
  'template-transform',
  'if-else',
  'variable-aggregator',
  'http-request',
  'llm',
  'code',
]);
