import type { ServerResponse } from 'node:http';

/** Calls once the connection of an answer has gone, also when it went before this call. */
export function onceClosed(res: ServerResponse, listener: () => void): void {
  if (res.closed || res.destroyed) queueMicrotask(listener);
  else res.once('close', listener);
}
