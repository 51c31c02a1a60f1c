import { OutboundError } from '@millrace/contracts';
import { fetch as undiciFetch, type Dispatcher, type RequestInit as UndiciInit } from 'undici';
import { maxRedirects, nextHop, parseTarget, type Hop } from './redirects.js';

type Fetch = typeof globalThis.fetch;
type Body = NonNullable<RequestInit['body']>;

/**
 * A `fetch` whose connections are guarded. It follows redirects itself, so that keys in headers of a provider's own
 * naming stay on their origin too. A refused address rejects with `OutboundError`, as it is or as the cause.
 */
export function createGuardedFetch(dispatcher: () => Dispatcher): Fetch {
  return async (input, init = {}) => {
    const { redirect = 'follow', ...rest } = init;
    let hop = await firstHop(input, rest);
    const signal = rest.signal ?? (input instanceof Request ? input.signal : null);
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const { url, ...sent } = hop;
      // The library's fetch and the global one differ in types only.
      const options = { ...rest, ...sent, signal, redirect: 'manual', dispatcher: dispatcher() } as UndiciInit;
      const answer: unknown = await undiciFetch(url, options);
      const response = answer as Response;
      const next =
        redirect === 'manual'
          ? undefined
          : nextHop(hop, response.status, response.headers.get('location') ?? undefined);
      if (!next) return response;
      await response.body?.cancel();
      if (redirect === 'error') throw new OutboundError('connect', 'The server answered with a redirect');
      if (next.body instanceof ReadableStream) {
        throw new OutboundError('invalid-request', 'A streamed body cannot follow a redirect');
      }
      hop = next;
    }
    throw new OutboundError('too-many-redirects', 'Exceeded maximum allowed redirects.');
  };
}

async function firstHop(input: Parameters<Fetch>[0], init: RequestInit): Promise<Hop<Body>> {
  const request = input instanceof Request ? input : undefined;
  const headers = new Headers(init.headers ?? request?.headers);
  return {
    method: (init.method ?? request?.method ?? 'GET').toUpperCase(),
    url: parseTarget(input instanceof Request ? input.url : input.toString()),
    headers: Object.fromEntries(headers),
    body: init.body ?? (request?.body ? await request.arrayBuffer() : undefined),
  };
}
