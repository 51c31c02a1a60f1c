import { lookup as dnsLookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { OutboundError } from '@millrace/contracts';
import { buildConnector } from 'undici';
import { isAllowedAddress, type Network } from './addresses.js';

/** Finds every address of a host name; rejects when there is none. */
export type Resolver = (hostname: string) => Promise<LookupAddress[]>;

export const systemResolver: Resolver = (hostname) => dnsLookup(hostname, { all: true });

export interface ConnectorOptions {
  allowed: readonly Network[];
  resolve: Resolver;
  connectMs: number;
  verifyTls: boolean;
}

/**
 * Opens sockets to allowed addresses only. The name is resolved once, here, and the socket goes to the
 * addresses that were checked, so a second answer of the name server can't lead elsewhere.
 */
export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.connectMs,
    rejectUnauthorized: options.verifyTls,
    allowH2: false,
    lookup: (hostname, wanted, done) => {
      resolveAllowed(hostname, options).then(
        (addresses) => {
          if (wanted.all) return done(null, addresses);
          const [first] = addresses;
          done(null, first?.address ?? '', first?.family ?? 4);
        },
        (error: unknown) => done(error as NodeJS.ErrnoException, []),
      );
    },
  });
  return (target, done) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    // Node never asks the lookup function about literal addresses.
    if (isIP(host) && !isAllowedAddress(host, options.allowed)) return done(notAllowed(host), null);
    connect(target, done);
  };
}

async function resolveAllowed(hostname: string, options: ConnectorOptions): Promise<LookupAddress[]> {
  const addresses = await options.resolve(hostname);
  if (addresses.length === 0) throw new OutboundError('connect', `${hostname} has no address`);
  const refused = addresses.find(({ address }) => !isAllowedAddress(address, options.allowed));
  if (refused) throw notAllowed(hostname, refused.address);
  return addresses;
}

function notAllowed(host: string, address?: string): OutboundError {
  return new OutboundError('not-allowed', address ? `${host} (${address}) is not allowed` : `${host} is not allowed`);
}
