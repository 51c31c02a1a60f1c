import { isIPv6, Socket } from 'node:net';
import { OutboundError } from '@millrace/contracts';
import { Pool } from 'undici';
import { bareHost, type Guard } from './guard.js';
import { portOf, type ProxyTarget } from './proxies.js';

export interface TunnelOptions {
  guard: Guard;
  connectMs: number;
  /** Names go to the proxy unresolved; only literal addresses are judged here. */
  proxyGuards: boolean;
  /** TLS of the connection to an `https:` proxy. */
  tls: { secureContext?: object };
}

/** Opens sockets through HTTP proxies. */
export interface Tunnels {
  open(proxy: URL, target: ProxyTarget): Promise<Socket>;
  close(): Promise<void>;
}

/**
 * Tunnels by CONNECT, for http targets too. The proxy is told an address that was judged, never the name: a name server
 * that answers the proxy differently can't lead elsewhere (G1 of guard.ts).
 */
export function createTunnels({ guard, connectMs, proxyGuards, tls }: TunnelOptions): Tunnels {
  const pools = new Map<string, Pool>();

  function poolFor(proxy: URL): Pool {
    let pool = pools.get(proxy.origin);
    if (!pool) {
      pool = new Pool(proxy.origin, { connect: { timeout: connectMs, allowH2: false, ...tls } });
      pools.set(proxy.origin, pool);
    }
    return pool;
  }

  async function open(proxy: URL, target: ProxyTarget): Promise<Socket> {
    const signal = AbortSignal.timeout(connectMs);
    try {
      const hosts = await raced(hostsFor(target), signal);
      return await firstOf(hosts, async (host) => connect(proxy, `${host}:${portOf(target)}`, signal));
    } catch (error) {
      throw signal.aborted ? new OutboundError('timeout', 'Connect timed out', { cause: error }) : error;
    }
  }

  async function hostsFor(target: ProxyTarget): Promise<string[]> {
    const host = bareHost(target.hostname);
    guard.checkLiteral(host);
    const addresses = proxyGuards ? [host] : (await guard.addressesOf(host)).map(({ address }) => address);
    return addresses.map((address) => (isIPv6(address) ? `[${address}]` : address));
  }

  async function connect(proxy: URL, path: string, signal: AbortSignal): Promise<Socket> {
    const headers = { host: path, ...credentials(proxy) };
    const { socket, statusCode } = await poolFor(proxy).connect({ path, headers, signal });
    // Until somebody takes the socket over, nobody else meets its errors.
    socket.on('error', () => undefined);
    if (statusCode >= 200 && statusCode < 300 && socket instanceof Socket) return socket;
    socket.destroy();
    throw new OutboundError('connect', `The proxy refused to connect (status ${statusCode})`);
  }

  return {
    open,
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

function credentials({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

async function firstOf<T, R>(items: readonly T[], attempt: (item: T) => Promise<R>): Promise<R> {
  let failure: unknown;
  for (const item of items) {
    try {
      return await attempt(item);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
  return Promise.race([work, aborted]);
}
