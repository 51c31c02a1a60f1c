import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Relay } from './relay/relay.js';

export interface ServeOptions {
  port: number;
  host: string;
  relay: Pick<Relay, 'drain' | 'close'>;
  /** How long calls in flight may take after `stop`. Default 20,000 ms. */
  graceMs?: number;
}

export interface GatewayServer {
  port: number;
  /**
   * Refuses new connections at once, ends streams without a terminal event (clients resume elsewhere),
   * and answers blocking calls in flight: those that outlast the grace time with 202.
   */
  stop(): Promise<void>;
}

/** Longer than proxies keep idle connections, so that they close them first. */
const keepAliveMs = 65_000;
/** For the answers that go out when the grace time is over. */
const lastAnswersMs = 2000;
/** For the request of a connection that was made just before the listener closed. */
const lastRequestsMs = 1000;
/** How long a listener under load may take in what has connected before it closes all the same. */
const takeInMs = 1000;
/** A longer turn has worked, or waited for a processor, and connections may have come meanwhile. */
const shortTurnMs = 1;

/** Serves the app. Rejects when the port cannot be had. */
export async function serve(app: RequestListener, options: ServeOptions): Promise<GatewayServer> {
  const { port, host, relay, graceMs = 20_000 } = options;
  const active = new Set<ServerResponse>();
  let idle = Promise.withResolvers<undefined>();
  let stopping = false;

  const server = createServer({ keepAliveTimeout: keepAliveMs }, (req, res) => {
    active.add(res);
    res.once('close', () => {
      active.delete(res);
      if (active.size === 0) idle.resolve(undefined);
    });
    if (stopping) res.shouldKeepAlive = false;
    app(req, res);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });

  const untilIdle = async (limitMs: number): Promise<void> => {
    if (active.size === 0) return;
    idle = Promise.withResolvers();
    const limit = setTimeout(idle.resolve, limitMs, undefined);
    await idle.promise;
    clearTimeout(limit);
  };

  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      stopping = true;
      for (const res of active) res.shouldKeepAlive = false;
      await takeIn(server);
      const closed = new Promise((resolve) => server.close(resolve));
      relay.drain();
      await untilIdle(graceMs);
      await Promise.race([closed, pause(lastRequestsMs, undefined, { ref: false })]);
      relay.close();
      await untilIdle(lastAnswersMs);
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * Takes in connections that the kernel has made and Node has not seen: closing the listener would reset them, and a
 * proxy that has sent a submission over one may not send it again. Returns after a turn of the event loop that found
 * none and was short, so that next to nothing can have come since it looked.
 */
async function takeIn(server: Server): Promise<void> {
  const until = performance.now() + takeInMs;
  let calmTurns = 0;
  const onConnection = (): void => void (calmTurns = 0);
  server.on('connection', onConnection);
  // The turn in which this was called may have looked already.
  while (calmTurns < 2 && performance.now() < until) {
    const begin = performance.now();
    calmTurns += 1;
    await nextTurn();
    if (performance.now() - begin > shortTurnMs) calmTurns = 0;
  }
  server.off('connection', onConnection);
}
