import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { bareHost, type Guard } from './guard.js';
import type { ChooseProxy } from './proxies.js';
import { createTunnels } from './tunnel.js';

export interface ConnectorOptions {
  guard: Guard;
  connectMs: number;
  verifyTls: boolean;
  proxyFor: ChooseProxy;
  proxyGuards: boolean;
  /** Certificates to trust; default: the system's. */
  secureContext: SecureContext | undefined;
}

/** Opens every socket of the client, directly or through a proxy, and only to allowed addresses. */
export interface Connector {
  connect: buildConnector.connector;
  close(): void;
}

/**
 * The name is resolved once, here, and the socket goes to the addresses that were judged (G1 of guard.ts), so a second
 * answer of the name server can't lead elsewhere.
 */
export function createConnector(options: ConnectorOptions): Connector {
  const { guard, connectMs, verifyTls, proxyFor, proxyGuards, secureContext } = options;
  const tls = secureContext ? { secureContext } : {};
  const connect = buildConnector({
    timeout: connectMs,
    rejectUnauthorized: verifyTls,
    allowH2: false,
    ...tls,
    lookup: (hostname, wanted, done) => {
      guard.addressesOf(hostname).then(
        (addresses) => {
          if (wanted.all) return done(null, addresses);
          const [first] = addresses;
          done(null, first?.address ?? '', first?.family ?? 4);
        },
        (error: unknown) => done(error as NodeJS.ErrnoException, []),
      );
    },
  });
  const tunnels = createTunnels({ guard, connectMs, proxyGuards, tls });

  return {
    connect: (target, done) => {
      const proxy = proxyFor(target);
      if (!proxy) {
        try {
          // Node never asks the lookup function about literal addresses (G3).
          guard.checkLiteral(bareHost(target.hostname));
        } catch (error) {
          return done(error as Error, null);
        }
        return connect(target, done);
      }
      tunnels.open(proxy, target).then(
        (socket) => {
          if (target.protocol === 'https:') connect({ ...target, httpSocket: socket }, done);
          else done(null, socket);
        },
        (error: unknown) => done(error as Error, null),
      );
    },
    close: () => tunnels.close(),
  };
}
