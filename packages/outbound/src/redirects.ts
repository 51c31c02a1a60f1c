import { OutboundError } from '@millrace/contracts';
import type { WireBody } from './request-body.js';

/** One request on the wire; header names in lower case. */
export interface Hop<Body = WireBody> {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: Body | undefined;
}

export const maxRedirects = 20;

/** Headers that must not reach another origin: the standard ones and those in which model providers take keys. */
const confidential = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'xi-api-key',
  'x-auth-token',
];
const aboutBody = ['content-length', 'transfer-encoding'];

/** Parses an address that may be fetched: http or https. @throws OutboundError */
export function parseTarget(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href);
  if (!url) throw new OutboundError('invalid-request', `'${text}' is not a valid URL and is not allowed`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OutboundError('not-allowed', `The scheme '${url.protocol}' is not allowed, only http and https are`);
  }
  return url;
}

/** Takes user name and password out of an address; answers the header that stands for them. */
export function takeCredentials(url: URL): string | undefined {
  const { username, password } = url;
  if (!username && !password) return undefined;
  url.username = url.password = '';
  return `Basic ${Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString('base64')}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: as it is written
  }
}

/**
 * The request that a redirect asks for, or `undefined` if the response is no redirect. Rewrites methods as httpx does.
 * @param secret names of further headers that must stay on their origin, in lower case
 * @throws OutboundError when the redirect leads to something that is no http address
 */
export function nextHop<Body>(
  hop: Hop<Body>,
  status: number,
  location: string | undefined,
  secret: Iterable<string> = [],
): Hop<Body> | undefined {
  if (!location || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  const url = parseTarget(location, hop.url);
  // Credentials in a `Location` are the target's idea, not the user's.
  url.username = url.password = '';
  if (!url.hash) url.hash = hop.url.hash;
  const method = redirectedMethod(hop.method, status);
  const dropped = new Set(['host']);
  if (method !== hop.method) for (const name of aboutBody) dropped.add(name);
  if (url.origin !== hop.url.origin && !isHttpsUpgrade(hop.url, url)) {
    for (const name of [...confidential, ...secret]) dropped.add(name);
  }
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
