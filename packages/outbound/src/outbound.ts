import { OutboundError, type Outbound, type OutboundRequest, type StreamedResponse } from '@millrace/contracts';
import type { Span } from '@millrace/telemetry';
import { Agent } from 'undici';
import { parseNetworks } from './addresses.js';
import { trusting } from './certificates.js';
import { createConnector, type Connector } from './connector.js';
import { exchange, toOutboundError, type RawResponse } from './exchange.js';
import { createGuard, systemResolver, type Resolver } from './guard.js';
import { createGuardedFetch } from './guarded-fetch.js';
import { answered, hiddenPath, templatePath, traceHeaders, withHttpSpan } from './http-span.js';
import { createHostMatcher, createProxyChoice, type ProxySettings } from './proxies.js';
import { maxRedirects, nextHop, parseTarget, takeCredentials, type Hop } from './redirects.js';
import { wireBody } from './request-body.js';
import { readWhole, streamBody } from './response-body.js';

/** Connect limits are chosen by users, so the clients kept for them must be bounded. */
const maxClients = 16;
const maxHeaderBytes = 64 * 1024;
/** A longer body of a redirect costs its connection. */
const maxRedirectBytes = 16 * 1024;
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
  /** Default: direct connections. */
  proxies?: ProxySettings;
  /** Hosts that are told the trace (`traceparent`), named as in `NO_PROXY`. Default: none. */
  traceHosts?: readonly string[];
  /** Certificates in PEM form that are trusted besides the usual ones. Default: none. */
  ca?: string;
}

type Step = { response: StreamedResponse; next?: undefined } | { response?: undefined; next: Hop };

interface Client {
  agent: Agent;
  connector: Connector;
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
  const guard = createGuard(parseNetworks(options.allowCidrs ?? []), options.resolve ?? systemResolver);
  const proxyFor = createProxyChoice(options.proxies ?? {});
  const proxyGuards = options.proxies?.guards ?? false;
  const secureContext = options.ca === undefined ? undefined : trusting(options.ca);
  const isTold = createHostMatcher(options.traceHosts ?? []);
  const propagated = (span: Span, url: URL): Record<string, string> => (isTold(url) ? traceHeaders(span) : {});
  const clients = new Map<string, Client>();

  function agentFor(connectMs: number, verifyTls: boolean): Agent {
    // Whatever decides how a connection is opened is part of the key: none is reused for a stricter request.
    const key = `${connectMs}:${verifyTls}`;
    const known = clients.get(key);
    if (known) {
      // Moves the entry to the end: the first one is always the longest unused.
      clients.delete(key);
      clients.set(key, known);
      return known.agent;
    }
    const connector = createConnector({ guard, connectMs, verifyTls, proxyFor, proxyGuards, secureContext });
    const agent = new Agent({ connect: connector.connect, maxHeaderSize: maxHeaderBytes });
    clients.set(key, { agent, connector });
    const [oldest] = clients;
    if (clients.size > maxClients && oldest) {
      clients.delete(oldest[0]);
      // Lets requests in flight end; a failure to close an idle connection harms nobody.
      const { agent: unused, connector: unusedConnector } = oldest[1];
      unused.close().then(
        () => unusedConnector.close(),
        () => undefined,
      );
    }
    return agent;
  }

  async function open(wanted: OutboundRequest): Promise<StreamedResponse> {
    const {
      connectMs = defaults.connectMs,
      readMs = defaults.readMs,
      writeMs = defaults.writeMs,
    } = wanted.timeouts ?? {};
    const { signal } = wanted;
    let hop = firstHop(wanted);
    /** One hop: what it answered, or where it led. */
    const send = async (span: Span): Promise<Step> => {
      const dispatcher = agentFor(connectMs, wanted.verifyTls ?? true);
      const sent = { ...hop, headers: { ...propagated(span, hop.url), ...hop.headers } };
      const response = await exchange(sent, { dispatcher, readMs, writeMs, signal });
      answered(span, response.status);
      const next =
        wanted.followRedirects === false
          ? undefined
          : nextHopOrDestroy(hop, response, wanted.confidentialHeaders ?? []);
      if (!next) {
        const body = streamBody(response.body, response.headers, (error) => toOutboundError(error, signal));
        return { response: { ...response, body, url: hop.url.href } };
      }
      // Reads a short body to the end, so that its connection can serve again.
      await response.body.dump({ limit: maxRedirectBytes }).catch(() => undefined);
      return { next };
    };
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const path = redirects > 0 || wanted.urlTemplate === undefined ? hiddenPath : templatePath(wanted.urlTemplate);
      const { response, next } = await withHttpSpan({ method: hop.method, url: hop.url, path, redirects }, send);
      if (response) return response;
      hop = next;
    }
    throw new OutboundError('too-many-redirects', 'Exceeded maximum allowed redirects.');
  }

  return {
    open,
    async request({ maxResponseBytes = defaults.maxResponseBytes, ...wanted }) {
      const response = await open(wanted);
      return { ...response, body: await readWhole(response, maxResponseBytes) };
    },
    fetch: createGuardedFetch(() => agentFor(defaults.connectMs, true), propagated),
    close: async () => {
      const all = [...clients.values()];
      clients.clear();
      for (const { connector } of all) connector.close();
      await Promise.all(all.map(({ agent }) => agent.destroy()));
    },
  };
}

function firstHop(wanted: OutboundRequest): Hop {
  const url = parseTarget(wanted.url);
  const headers: Record<string, string> = {
    accept: '*/*',
    'accept-encoding': 'gzip, deflate, br',
    'user-agent': 'millrace',
  };
  for (const [name, value] of Object.entries(wanted.headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      throw new OutboundError('invalid-request', `Invalid header name '${name}'`);
    }
    // A value is one line of Latin text; the message must not show it, it may be a key.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new OutboundError('invalid-request', `The value of header '${name}' has characters that can't be sent`);
    }
    if (!hopByHop.has(name.toLowerCase())) headers[name.toLowerCase()] = value;
  }
  const authorization = takeCredentials(url);
  if (authorization !== undefined) headers['authorization'] ??= authorization;
  return { method: wanted.method.toUpperCase(), url, headers, body: wireBody(wanted.body) };
}

function nextHopOrDestroy(hop: Hop, response: RawResponse, confidential: readonly string[]): Hop | undefined {
  try {
    const secret = confidential.map((name) => name.toLowerCase());
    return nextHop(hop, response.status, response.headers['location'], secret);
  } catch (error) {
    response.body.destroy();
    throw error;
  }
}
