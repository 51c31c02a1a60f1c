import type { IncomingMessage, ServerResponse } from 'node:http';

const longestMs = 5_000;
const mostBytes = 16 * 1024 * 1024;

/**
 * Takes what a client is still sending, for a while: closing at once would reset the connection before the client has
 * read its answer. For answers that come before the end of the request.
 */
export function linger(req: IncomingMessage, res: ServerResponse): void {
  if (req.complete || req.destroyed) return;
  let left = mostBytes;
  const cut = (): void => void req.socket.destroy();
  const timer = setTimeout(cut, longestMs).unref();
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) cut();
  });
  req.once('close', () => clearTimeout(timer));
  res.once('finish', () => req.resume());
}
