import { OutboundError, type Outbound, type OutboundRequest, type OutboundResponse } from '@millrace/contracts';
import { Agent, fetch as undiciFetch, type RequestInit as UndiciInit } from 'undici';
import { parseNetworks } from './addresses.js';
import { createConnector, systemResolver, type Resolver } from './connector.js';
import { exchange, toOutboundError } from './exchange.js';
import { nextHop, parseTarget, type Hop } from './redirects.js';
import { encodeBody } from './request-body.js';
import { readBody } from './response-body.js';

const maxRedirects = 20;
/** Connect limits are chosen by users, so the agents kept for them must be bounded. */
const maxAgents = 16;
const defaults = { connectMs: 10_000, readMs: 600_000, writeMs: 600_000, maxResponseBytes: 10 * 1024 * 1024 };
/** Headers that belong to the connection, which is ours. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  'te',
]);

export interface OutboundOptions {
  /** Networks that may be reached although they are not public, such as `127.0.0.0/8`. Default: none. */
  allowCidrs?: readonly string[];
  /** Finds the addresses of a host name. Default: the system's resolver. */
  resolve?: Resolver;
}

/** The guarded client, with an end. */
export interface ClosableOutbound extends Outbound {
  /** Drops all connections; requests in flight fail. */
  close(): Promise<void>;
}

/**
 * Builds the guarded HTTP client: every address is checked when its connection is made, on every redirect too.
 * @throws Error when `allowCidrs` holds something that is not a network
 */
export function createOutbound(options: OutboundOptions = {}): ClosableOutbound {
  const allowed = parseNetworks(options.allowCidrs ?? []);
  const resolve = options.resolve ?? systemResolver;
  const agents = new Map<string, Agent>();

  function agentFor(connectMs: number, verifyTls: boolean): Agent {
    const key = `${connectMs}:${verifyTls}`;
    const known = agents.get(key);
    if (known) return known;
    const agent = new Agent({ connect: createConnector({ allowed, resolve, connectMs, verifyTls }) });
    agents.set(key, agent);
    const [oldest] = agents;
    if (agents.size > maxAgents && oldest) {
      agents.delete(oldest[0]);
      // Lets requests in flight end; a failure to close an idle connection harms nobody.
      oldest[1].close().catch(() => undefined);
    }
    return agent;
  }

  async function request(wanted: OutboundRequest): Promise<OutboundResponse> {
    const {
      connectMs = defaults.connectMs,
      readMs = defaults.readMs,
      writeMs = defaults.writeMs,
    } = wanted.timeouts ?? {};
    const dispatcher = agentFor(connectMs, wanted.verifyTls ?? true);
    const { signal } = wanted;
    let hop = await firstHop(wanted);
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const response = await exchange(hop, { dispatcher, readMs, writeMs, signal });
      const next =
        wanted.followRedirects === false
          ? undefined
          : nextHopOrDestroy(hop, response.status, response.headers, response.body);
      if (!next) {
        try {
          const body = await readBody(
            response.body,
            response.headers,
            wanted.maxResponseBytes ?? defaults.maxResponseBytes,
          );
          return { ...response, body, url: hop.url.href };
        } catch (error) {
          response.body.destroy();
          throw toOutboundError(error, signal);
        }
      }
      // Reads a short body to the end, so that its connection can serve again.
      await response.body.dump().catch(() => undefined);
      hop = next;
    }
    throw new OutboundError('too-many-redirects', 'Exceeded maximum allowed redirects.');
  }

  const guardedFetch: typeof globalThis.fetch = async (input, init) => {
    const target = parseTarget(input instanceof Request ? input.url : String(input));
    const from =
      input instanceof Request ? { method: input.method, headers: [...input.headers], signal: input.signal } : {};
    if (input instanceof Request && input.body) Object.assign(from, { body: await input.arrayBuffer() });
    const dispatcher = agentFor(defaults.connectMs, true);
    // The library's fetch and the global one differ in types only.
    const merged = { ...from, ...init, dispatcher } as UndiciInit;
    const response: unknown = await undiciFetch(target, merged);
    return response as Response;
  };

  return {
    request,
    fetch: guardedFetch,
    close: async () => {
      const all = [...agents.values()];
      agents.clear();
      await Promise.all(all.map((agent) => agent.destroy()));
    },
  };
}

async function firstHop(wanted: OutboundRequest): Promise<Hop> {
  const url = parseTarget(wanted.url);
  const { bytes, contentType } = await encodeBody(wanted.body);
  const headers: Record<string, string> = {
    accept: '*/*',
    'accept-encoding': 'gzip, deflate, br',
    'user-agent': 'millrace',
  };
  for (const [name, value] of Object.entries(wanted.headers)) {
    if (!hopByHop.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  if (contentType !== undefined) headers['content-type'] = contentType;
  if (url.username || url.password) {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers['authorization'] ??= `Basic ${Buffer.from(pair).toString('base64')}`;
    url.username = url.password = '';
  }
  return { method: wanted.method.toUpperCase(), url, headers, body: bytes };
}

function nextHopOrDestroy(
  hop: Hop,
  status: number,
  headers: Record<string, string>,
  body: { destroy(): unknown },
): Hop | undefined {
  try {
    return nextHop(hop, status, headers['location']);
  } catch (error) {
    body.destroy();
    throw error;
  }
}
