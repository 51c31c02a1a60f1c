import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isInNetworks, isLoopback, parseNetworks } from './addresses.js';
import { bareHost, isLocalhost } from './guard.js';

/** The proxies that outbound requests go through, as the usual environment variables name them. */
export interface ProxySettings {
  /** Proxy of `http:` targets (`HTTP_PROXY`): an http or https address, credentials in it. Default: none. */
  http?: string | undefined;
  /** Proxy of `https:` targets (`HTTPS_PROXY`). Default: none. */
  https?: string | undefined;
  /** Targets reached directly (`NO_PROXY`): domains with their subdomains, addresses, networks, `*`; a port may follow. */
  bypass?: readonly string[];
  /** Does the proxy refuse private addresses itself? Then names go to it unresolved. Default: false. */
  guards?: boolean;
}

export interface ProxyTarget {
  /** With colon, such as `https:`. */
  protocol: string;
  hostname: string;
  /** Empty for the protocol's own. */
  port: string;
}

/** The proxy for a target, or `undefined` for a direct connection. Loopback never goes through a proxy. */
export type ChooseProxy = (target: ProxyTarget) => URL | undefined;

/** @throws TypeError when a proxy's address is no URL */
export function createProxyChoice({ http, https, bypass = [] }: ProxySettings): ChooseProxy {
  const proxies: Record<string, URL | undefined> = {
    'http:': http === undefined ? undefined : new URL(http),
    'https:': https === undefined ? undefined : new URL(https),
  };
  const isBypassed = createHostMatcher(bypass);
  return (target) => {
    const proxy = proxies[target.protocol];
    if (!proxy) return undefined;
    const host = hostOf(target);
    if (isLocalhost(host) || isLoopback(host)) return undefined;
    return isBypassed(target) ? undefined : proxy;
  };
}

/** Whether a target is one of those listed: domains with their subdomains, addresses, networks, `*`; a port may follow. */
export function createHostMatcher(list: readonly string[]): (target: ProxyTarget) => boolean {
  const rules = list.map(parseRule);
  return (target) => rules.length > 0 && rules.some((rule) => rule(hostOf(target), portOf(target)));
}

const hostOf = ({ hostname }: ProxyTarget): string => bareHost(hostname).replace(/\.$/, '').toLowerCase();

/** Port of a target, the protocol's own when it names none. */
export const portOf = ({ protocol, port }: ProxyTarget): string => port || (protocol === 'https:' ? '443' : '80');

type Rule = (host: string, port: string) => boolean;

function parseRule(entry: string): Rule {
  const text = entry.trim().toLowerCase();
  if (text === '*') return () => true;
  const [, bracketed, named, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  const isPort = (actual: string) => port === undefined || port === actual;
  // Without a match it is an IPv6 address or network with colons of its own.
  const name = bracketed ?? named ?? text;
  if (isIP(name.split('/')[0] ?? '')) {
    const networks = parseNetworks([name]);
    return (host, actual) => isIP(host) > 0 && isInNetworks(ipaddr.process(host), networks) && isPort(actual);
  }
  const domain = name.replace(/^\*?\.|\.$/g, '');
  return (host, actual) => domain !== '' && (host === domain || host.endsWith(`.${domain}`)) && isPort(actual);
}
