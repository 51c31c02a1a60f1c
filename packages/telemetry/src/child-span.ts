/**
 * Spans of what a span's work calls: models, other servers, databases. Without tracing, or outside of a recorded span, a
 * call costs one comparison and no span is made, so that none is ever a root by accident.
 */
import {
  context,
  createContextKey,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
} from '@opentelemetry/api';
import { endAfterParent, endWithChildren, holdChildren } from './held-spans.js';
import { idsOf, isTracing, noopSpan, startSpanWithIds, withActiveSpan } from './spans.js';

export interface ChildSpan {
  name: string;
  attributes: Attributes;
  /** Default: client. */
  kind?: SpanKind;
}

/** The active span when it is recorded here. */
export function recordingSpan(): Span | undefined {
  if (!isTracing()) return undefined;
  const span = trace.getActiveSpan();
  return span?.isRecording() === true ? span : undefined;
}

/**
 * Runs `fn` as a child of the active span. A thrown error marks the span with its class and is thrown on.
 * @param describe asked only when the span is recorded
 * @param errorType class of an error, of few different values. Default: its name
 */
export function withChildSpan<T>(
  describe: () => ChildSpan,
  fn: (span: Span) => Promise<T>,
  errorType: (error: unknown) => string = nameOf,
): Promise<T> {
  const parent = recordingSpan();
  return parent ? runChild(parent, describe(), fn, errorType) : fn(noopSpan);
}

async function runChild<T>(
  parent: Span,
  { name, attributes, kind = SpanKind.CLIENT }: ChildSpan,
  fn: (span: Span) => Promise<T>,
  errorType: (error: unknown) => string,
): Promise<T> {
  const startTimeMs = Date.now();
  const began = performance.now();
  const span = startSpanWithIds({ name, kind, attributes, parent: idsOf(parent), startTimeMs });
  holdChildren(span);
  try {
    return await withActiveSpan(span, () => fn(span));
  } catch (error) {
    failSpan(span, errorType(error));
    throw error;
  } finally {
    endAfterParent(parent, span, startTimeMs + performance.now() - began);
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

/** Marks a span as failed with the class of the error; never with its message, which may quote users' data (T5). */
export function failSpan(span: Span, errorType: string): void {
  span.setAttribute('error.type', errorType);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Marks the active span, if it is recorded, as failed with the class of the error. */
export function failActiveSpan(errorType: string): void {
  const span = recordingSpan();
  if (span) failSpan(span, errorType);
}

/** Ends the span of an HTTP request with the status of its answer; 5xx are errors of a server. */
export function endServerSpan(span: Span, status: number): void {
  if (!span.isRecording()) return;
  span.setAttribute('http.response.status_code', status);
  if (status >= 500) failSpan(span, String(status));
  endWithChildren(span);
}

/** `fn` as a child of the span that is active now, wherever it is called. */
export const bindToSpan = <A extends unknown[]>(fn: (...args: A) => void): ((...args: A) => void) =>
  isTracing() ? context.bind(context.active(), fn) : fn;

const resendKey = createContextKey('times that a request has been sent before');

/** Runs `fn`; the HTTP spans within say that the request has been sent `count` times before. */
export const withResendCount = <T>(count: number, fn: () => T): T =>
  isTracing() ? context.with(context.active().setValue(resendKey, count), fn) : fn();

/** How often the request of this scope has been sent before. */
export const resendCount = (): number => (context.active().getValue(resendKey) as number | undefined) ?? 0;
