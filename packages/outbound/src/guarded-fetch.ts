import { OutboundError, ResponseSizeError } from '@millrace/contracts';
import type { Span } from '@millrace/telemetry';
import { fetch as undiciFetch, type Dispatcher, type RequestInit as UndiciInit } from 'undici';
import { answered, hiddenPath, withHttpSpan, withoutTokens } from './http-span.js';
import { maxRedirects, nextHop, parseTarget, takeCredentials, type Hop } from './redirects.js';

type Fetch = typeof globalThis.fetch;
type Body = NonNullable<RequestInit['body']>;

/** Most bytes of a response, decompressed: its readers hold it whole, and whoever sends it may be hostile. */
const maxBodyBytes = 64 * 1024 * 1024;

/**
 * A `fetch` whose connections are guarded. It follows redirects itself, so that keys in headers of a provider's own
 * naming stay on their origin too. A refused address rejects with `OutboundError`, as it is or as the cause.
 */
export function createGuardedFetch(
  dispatcher: () => Dispatcher,
  /** Headers that tell a target the trace. Default: none. */
  propagated: (span: Span, url: URL) => Record<string, string> = () => ({}),
): Fetch {
  return async (input, init = {}) => {
    const { redirect = 'follow', ...rest } = init;
    let hop = await firstHop(input, rest);
    const signal = rest.signal ?? (input instanceof Request ? input.signal : null);
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const { url, ...sent } = hop;
      const path = redirects > 0 ? hiddenPath : withoutTokens(url.pathname);
      // The span ends with the headers: the body is the caller's to read.
      const response = await withHttpSpan({ method: hop.method, url, path, redirects }, async (span) => {
        const headers = { ...propagated(span, url), ...sent.headers };
        // The library's fetch and the global one differ in types only.
        const options = {
          ...rest,
          ...sent,
          headers,
          signal,
          redirect: 'manual',
          dispatcher: dispatcher(),
        } as UndiciInit;
        const answer = (await undiciFetch(url, options)) as unknown as Response;
        answered(span, answer.status);
        return answer;
      });
      const next =
        redirect === 'manual'
          ? undefined
          : nextHop(hop, response.status, response.headers.get('location') ?? undefined);
      if (!next) return bounded(response);
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

/** The response with an end to its body. @throws OutboundError when it is packed in layers, which the library would all undo */
async function bounded(response: Response): Promise<Response> {
  const { body, headers, status, statusText } = response;
  if (!body) return response;
  if (headers.get('content-encoding')?.includes(',')) {
    await body.cancel();
    throw new OutboundError('decode', 'The response is packed more than once');
  }
  let size = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.length;
      if (size > maxBodyBytes) controller.error(new ResponseSizeError(maxBodyBytes, size));
      else controller.enqueue(chunk);
    },
  });
  return new Response(body.pipeThrough(counted), { status, statusText, headers });
}

async function firstHop(input: Parameters<Fetch>[0], init: RequestInit): Promise<Hop<Body>> {
  const request = input instanceof Request ? input : undefined;
  const headers = new Headers(init.headers ?? request?.headers);
  const url = parseTarget(input instanceof Request ? input.url : input.toString());
  // The library refuses such addresses, with a message that shows their password.
  const authorization = takeCredentials(url);
  if (authorization !== undefined && !headers.has('authorization')) headers.set('authorization', authorization);
  return {
    method: (init.method ?? request?.method ?? 'GET').toUpperCase(),
    url,
    headers: Object.fromEntries(headers),
    body: init.body ?? (request?.body ? await request.arrayBuffer() : undefined),
  };
}
