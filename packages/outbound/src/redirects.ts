import { OutboundError } from '@millrace/contracts';

/** One request on the wire; header names in lower case. */
export interface Hop {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: Uint8Array | undefined;
}

/** Headers that must not reach another origin. */
const confidential = ['authorization', 'proxy-authorization', 'cookie'];
const aboutBody = ['content-length', 'transfer-encoding'];

/** Parses an address that may be fetched: http or https. @throws OutboundError */
export function parseTarget(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (!url) throw new OutboundError('invalid-request', `'${text}' is not a valid URL`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OutboundError('invalid-request', `Only http and https addresses are supported, not '${url.protocol}'`);
  }
  return url;
}

/** The request that a redirect asks for, or `undefined` if the response is no redirect. Rewrites methods as httpx does. */
export function nextHop(hop: Hop, status: number, location: string | undefined): Hop | undefined {
  if (!location || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  const url = parseTarget(location, hop.url);
  if (!url.hash) url.hash = hop.url.hash;
  const method = redirectedMethod(hop.method, status);
  const dropped = new Set(['host']);
  if (method !== hop.method) for (const name of aboutBody) dropped.add(name);
  if (url.origin !== hop.url.origin && !isHttpsUpgrade(hop.url, url))
    for (const name of confidential) dropped.add(name);
  return {
    method,
    url,
    headers: Object.fromEntries(Object.entries(hop.headers).filter(([name]) => !dropped.has(name))),
    body: method === hop.method ? hop.body : undefined,
  };
}

function redirectedMethod(method: string, status: number): string {
  if ((status === 302 || status === 303) && method !== 'HEAD') return 'GET';
  if (status === 301 && method === 'POST') return 'GET';
  return method;
}

function isHttpsUpgrade(from: URL, to: URL): boolean {
  const ports = from.port === '' && to.port === '';
  return ports && from.hostname === to.hostname && from.protocol === 'http:' && to.protocol === 'https:';
}
