/**
 * Events start with their name, so they pass through the gateway without being parsed.
 */
const isNamed = (event: string, name: string): boolean => event.startsWith(`{"event":"${name}"`);

/** The one event that ends a run. */
export const isTerminal = (event: string): boolean => isNamed(event, 'workflow_finished');

/** The event that ends a stream for the time being. */
export const isPause = (event: string): boolean => isNamed(event, 'workflow_paused');

/** A provider failure, directly before the terminal event. */
export const isError = (event: string): boolean => isNamed(event, 'error');
