import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A parsed network such as `127.0.0.0/8`. */
export type Network = [Address, number];

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
const sixToFour = ipaddr.IPv6.parseCIDR('2002::/16');
/** Looks public, but is the cloud's own: metadata and agent services of Azure answer there. */
const platform = [ipaddr.IPv4.parseCIDR('168.63.129.16/32')];
/** Documentation (RFC 9637), which the library does not know yet. */
const documentation = ipaddr.IPv6.parseCIDR('3fff::/20');

/**
 * Parses networks in CIDR notation; a bare address stands for itself.
 * @throws Error that names the first text which is not a network
 */
export function parseNetworks(texts: readonly string[]): Network[] {
  return texts.map((text) => {
    try {
      if (text.includes('/')) return ipaddr.parseCIDR(text.trim());
      const address = ipaddr.parse(text.trim());
      return [address, address.kind() === 'ipv4' ? 32 : 128];
    } catch (cause) {
      throw new Error(`'${text}' is not a network in CIDR notation, such as 10.0.0.0/8`, { cause });
    }
  });
}

/** May outbound requests reach this address? Only public unicast, unless one of `allowed` holds it. */
export function isAllowedAddress(text: string, allowed: readonly Network[]): boolean {
  if (!ipaddr.isValid(text)) return false;
  // The system treats `::ffff:127.0.0.1` as 127.0.0.1, and so does this.
  const address = ipaddr.process(text);
  if (isInNetworks(address, allowed)) return true;
  if (address instanceof ipaddr.IPv4) return isPublicIPv4(address);
  // An IPv6 address that carries an IPv4 one is as public as that one.
  const embedded = embeddedIPv4(address);
  if (embedded) return isPublicIPv4(embedded);
  return address.range() === 'unicast' && address.match(globalUnicast) && !address.match(documentation);
}

/** Is this an address of the machine's own loopback interface? */
export const isLoopback = (text: string): boolean =>
  ipaddr.isValid(text) && ipaddr.process(text).range() === 'loopback';

/** Is the address in one of the networks? Mapped IPv6 counts as IPv4. */
export function isInNetworks(address: Address, networks: readonly Network[]): boolean {
  return networks.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
}

const isPublicIPv4 = (address: ipaddr.IPv4): boolean =>
  address.range() === 'unicast' && !isInNetworks(address, platform);

function embeddedIPv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const bytes = address.toByteArray();
  if (address.match(nat64)) return new ipaddr.IPv4(bytes.slice(12));
  if (address.match(sixToFour)) return new ipaddr.IPv4(bytes.slice(2, 6));
  return undefined;
}
