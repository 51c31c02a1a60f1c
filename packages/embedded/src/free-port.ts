import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which systems take the source ports of outgoing connections. A port of that
 * range could be lost to a client while its server restarts, or a client could connect to itself.
 */
const firstPort = 16_000;
const lastPort = 31_999;
const handedOut = new Set<number>();

/** A TCP port on 127.0.0.1 that nobody listens on; never the same twice in one process. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = randomInt(firstPort, lastPort + 1);
    if (handedOut.has(port) || !(await canListen(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error(`No free TCP port found between ${firstPort} and ${lastPort} on 127.0.0.1.`);
}

/** Whether a server could listen on this port now. */
export function canListen(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
