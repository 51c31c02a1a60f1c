import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
      const closed = new Promise((resolve) => server.close(resolve));
      for (const res of active) res.shouldKeepAlive = false;
      relay.drain();
      await untilIdle(graceMs);
      relay.close();
      await untilIdle(lastAnswersMs);
      server.closeAllConnections();
      await closed;
    },
  };
}
