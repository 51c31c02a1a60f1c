import { lookup as dnsLookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { OutboundError } from '@millrace/contracts';
import { isAllowedAddress, isLoopback, type Network } from './addresses.js';

/** Finds every address of a host name; rejects when there is none. */
export type Resolver = (hostname: string) => Promise<LookupAddress[]>;

export const systemResolver: Resolver = (hostname) => dnsLookup(hostname, { all: true });

/**
 * Invariants of the guard, cited by tests:
 * G1 a socket goes only to addresses that were judged, in the same step that opens it
 * G2 one refused address refuses the whole name
 * G3 a literal address is judged without any look-up
 */
export interface Guard {
  /** @throws OutboundError `not-allowed` when `host` is a literal address that may not be reached (G3) */
  checkLiteral(host: string): void;
  /** The addresses that may be connected to for `host`, literal or name. @throws OutboundError */
  addressesOf(host: string): Promise<LookupAddress[]>;
}

export function createGuard(allowed: readonly Network[], resolve: Resolver): Guard {
  const isAllowed = ({ address }: LookupAddress) => isAllowedAddress(address, allowed);

  function checkLiteral(host: string): void {
    if (isIP(host) && !isAllowedAddress(host, allowed)) throw notAllowed(host);
  }

  async function addressesOf(host: string): Promise<LookupAddress[]> {
    const family = isIP(host);
    if (family) {
      checkLiteral(host);
      return [{ address: host, family }];
    }
    const addresses = await resolve(isLocalhost(host) ? 'localhost' : host);
    if (addresses.length === 0) throw new OutboundError('connect', `${host} has no address`);
    const open = addresses.filter(isAllowed);
    // `localhost` is 127.0.0.1 and ::1 on most machines; an operator who opens one of them means that one.
    const opensLoopback = open.some(({ address }) => isLoopback(address));
    const refused = addresses.find((each) => !isAllowed(each) && !(opensLoopback && isLoopback(each.address)));
    if (refused) throw notAllowed(host, refused.address);
    return open;
  }

  return { checkLiteral, addressesOf };
}

/** Names of this machine whatever a name server says (RFC 6761). */
export const isLocalhost = (host: string): boolean => /^(.+\.)?localhost\.?$/i.test(host);

/** A host without the brackets of an IPv6 literal. */
export const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

function notAllowed(host: string, address?: string): OutboundError {
  return new OutboundError('not-allowed', address ? `${host} (${address}) is not allowed` : `${host} is not allowed`);
}
