/** One client span for each request that goes out, every hop of a redirect for itself. */
import { OutboundError } from '@millrace/contracts';
import { carrierOf, failSpan, resendCount, withChildSpan, type Span } from '@millrace/telemetry';
import { bareHost } from './guard.js';
import { portOf } from './proxies.js';

export interface SpannedHop {
  method: string;
  url: URL;
  /** Path as it may be shown; the real one may hold what a user typed. */
  path: string;
  /** Redirects that led here. */
  redirects: number;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT']);

/** Runs `send` as a client span; `send` tells it the status by {@link answered}. */
export function withHttpSpan<T>(hop: SpannedHop, send: (span: Span) => Promise<T>): Promise<T> {
  return withChildSpan(() => describe(hop), send, errorType);
}

function describe({ method, url, path, redirects }: SpannedHop) {
  const known = methods.has(method);
  const resends = resendCount() + redirects;
  return {
    name: known ? method : 'HTTP',
    attributes: {
      'http.request.method': known ? method : '_OTHER',
      'server.address': bareHost(url.hostname),
      'server.port': Number(portOf(url)),
      'url.full': `${url.origin}${path}`,
      ...(resends > 0 && { 'http.request.resend_count': resends }),
    },
  };
}

/** Tells the span what came back; 4xx and 5xx are errors of a client span. */
export function answered(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status);
  if (status >= 400) failSpan(span, String(status));
}

const errorType = (error: unknown): string =>
  error instanceof OutboundError ? error.kind : error instanceof Error ? error.name : 'Error';

/** The header by which the target can continue the trace; none outside of a recorded span. */
export const traceHeaders = (span: Span): Record<string, string> =>
  span.isRecording() ? { traceparent: carrierOf(span).traceparent } : {};

const hidden = 'REDACTED';
/** What stands for a path of which nothing is known. */
export const hiddenPath = `/${hidden}`;

const longestTemplate = 2048;

/**
 * The path of an address as its author wrote it: without query and fragment, and without what a run fills in.
 * @param template address with `{{#…#}}` placeholders
 */
export function templatePath(template: string): string {
  if (template.length > longestTemplate) return hiddenPath;
  const text = template.trim().replace(/\{\{.*?\}\}/gs, hidden);
  const path = text.replace(/[?#].*$/s, '').replace(/^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/)?[^/]*/i, '');
  return withoutTokens(path === '' ? '/' : path);
}

/** A path without segments that look like keys: long, with letters and digits. */
export const withoutTokens = (path: string): string =>
  path
    .split('/')
    .map((segment) => (segment.length >= 20 && /\d/.test(segment) && /[a-z]/i.test(segment) ? hidden : segment))
    .join('/');
