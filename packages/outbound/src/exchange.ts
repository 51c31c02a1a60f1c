import { Readable } from 'node:stream';
import { OutboundError, type OutboundResponse, type StreamedBody } from '@millrace/contracts';
import { errors, request, type Dispatcher } from 'undici';
import type { Hop } from './redirects.js';
import { inPieces, isStreamed } from './request-body.js';

export interface ExchangeOptions {
  dispatcher: Dispatcher;
  readMs: number;
  writeMs: number;
  signal: AbortSignal | undefined;
}

export type RawResponse = Omit<OutboundResponse, 'body' | 'url'> & { body: Dispatcher.ResponseData['body'] };

/** One request and the beginning of its response; the caller reads or destroys the body. @throws OutboundError */
export async function exchange(hop: Hop, options: ExchangeOptions): Promise<RawResponse> {
  const sending = isStreamed(hop.body) ? watchSending(hop.body, options) : undefined;
  try {
    const answer = await request(hop.url, {
      dispatcher: options.dispatcher,
      method: hop.method,
      headers: isStreamed(hop.body) ? { ...hop.headers, 'content-length': String(hop.body.size) } : hop.headers,
      body: isStreamed(hop.body) ? (sending?.body ?? null) : (hop.body ?? null),
      headersTimeout: sending ? 0 : options.readMs,
      bodyTimeout: options.readMs,
      signal: sending?.signal ?? options.signal ?? null,
    });
    // Readers meet the errors of a body; those of one that is thrown away must not end the process.
    answer.body.on('error', () => undefined);
    return {
      status: answer.statusCode,
      statusText: answer.statusText,
      headers: joinHeaders(answer.headers),
      body: answer.body,
    };
  } catch (error) {
    // What kept the content from being read is no fault of the connection's.
    throw sending?.unreadable() ?? toOutboundError(error, options.signal);
  } finally {
    sending?.[Symbol.dispose]();
  }
}

/** Applies the write limit between pieces of a body, then the read limit until the response begins. */
function watchSending(content: StreamedBody, options: ExchangeOptions) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let unreadable: Error | undefined;
  const expire = (what: string) => controller.abort(new OutboundError('timeout', `${what} timed out`));
  const read = async function* () {
    try {
      yield* content.read();
    } catch (error) {
      unreadable = error as Error;
      throw error;
    }
  };
  const body = Readable.from(
    inPieces({ size: content.size, read }, (done) => {
      clearTimeout(timer);
      timer = done ? setTimeout(expire, options.readMs, 'Read') : setTimeout(expire, options.writeMs, 'Write');
    }),
    { objectMode: false },
  );
  return {
    body,
    signal: options.signal ? AbortSignal.any([options.signal, controller.signal]) : controller.signal,
    unreadable: () => unreadable,
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function joinHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}

/** Turns what the client library, the system or the guard raised into one kind of error. */
export function toOutboundError(error: unknown, signal: AbortSignal | undefined): OutboundError {
  if (error instanceof OutboundError) return error;
  if (signal?.aborted) return new OutboundError('aborted', 'The request was aborted', { cause: error });
  if (error instanceof errors.ConnectTimeoutError) return timeout('Connect', error);
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError)
    return timeout('Read', error);
  if (error instanceof errors.InvalidArgumentError) {
    return new OutboundError('invalid-request', `Invalid request: ${error.message}`, { cause: error });
  }
  return new OutboundError('connect', describe(error), { cause: error });
}

function timeout(what: string, cause: Error): OutboundError {
  return new OutboundError('timeout', `${what} timed out`, { cause });
}

function describe(error: unknown): string {
  const { errors: inner, message } = Object(error) as { errors?: unknown; message?: unknown };
  // Several addresses failed: the collecting error itself says nothing.
  if (Array.isArray(inner) && inner.length > 0) return describe(inner[0]);
  return typeof message === 'string' && message !== '' ? message : 'Connection failed';
}
