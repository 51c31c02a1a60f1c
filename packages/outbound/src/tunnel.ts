import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIPv6, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { OutboundError } from '@millrace/contracts';
import { bareHost, type Guard } from './guard.js';
import { portOf, type ProxyTarget } from './proxies.js';

export interface TunnelOptions {
  guard: Guard;
  connectMs: number;
  /** Names go to the proxy unresolved; only literal addresses are judged here. */
  proxyGuards: boolean;
  /** TLS of the connection to an `https:` proxy. */
  tls: { secureContext?: SecureContext };
}

/** Opens sockets through HTTP proxies. */
export interface Tunnels {
  open(proxy: URL, target: ProxyTarget): Promise<Socket>;
  /** Gives up what is being opened. */
  close(): void;
}

/**
 * Tunnels by CONNECT, for http targets too. The proxy is told an address that was judged, never the name: a name server
 * that answers the proxy differently can't lead elsewhere (G1 of guard.ts).
 */
export function createTunnels({ guard, connectMs, proxyGuards, tls }: TunnelOptions): Tunnels {
  const closing = new AbortController();

  async function open(proxy: URL, target: ProxyTarget): Promise<Socket> {
    const limit = AbortSignal.timeout(connectMs);
    const signal = AbortSignal.any([limit, closing.signal]);
    try {
      const hosts = await raced(hostsFor(target), signal);
      return await firstOf(hosts, async (host) => connect(proxy, `${host}:${portOf(target)}`, signal));
    } catch (error) {
      throw limit.aborted ? new OutboundError('timeout', 'Connect timed out', { cause: error }) : error;
    }
  }

  async function hostsFor(target: ProxyTarget): Promise<string[]> {
    const host = bareHost(target.hostname);
    guard.checkLiteral(host);
    const addresses = proxyGuards ? [host] : (await guard.addressesOf(host)).map(({ address }) => address);
    return addresses.map((address) => (isIPv6(address) ? `[${address}]` : address));
  }

  function connect(proxy: URL, path: string, signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const headers = { host: path, ...credentials(proxy) };
      const options = { method: 'CONNECT', path, headers, agent: false, signal };
      const asked =
        proxy.protocol === 'https:' ? secureRequest(proxy, { ...options, ...tls }) : plainRequest(proxy, options);
      asked.on('error', (cause) =>
        reject(new OutboundError('connect', `The proxy failed: ${cause.message}`, { cause })),
      );
      asked.on('connect', ({ statusCode = 0 }, socket, head) => {
        // Until somebody takes the socket over, nobody else meets its errors.
        socket.on('error', () => undefined);
        if (statusCode >= 200 && statusCode < 300) {
          if (head.length > 0) socket.unshift(head);
          return resolve(socket);
        }
        socket.destroy();
        reject(new OutboundError('connect', `The proxy refused to connect (status ${statusCode})`));
      });
      asked.end();
    });
  }

  return {
    open,
    close: () => closing.abort(new OutboundError('aborted', 'The client is closed')),
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
