import type { tracing } from '@opentelemetry/sdk-node';
import { newSpanId, newTraceId } from './trace-ids.js';

let nextTraceId: string | undefined;
let nextSpanId: string | undefined;

/**
 * Random ids, unless the caller of {@link withNextIds} has asked for given ones. This is how a
 * span gets a trace id from the caller, or a span id that was handed out before it started.
 */
export const forcedIdGenerator: tracing.IdGenerator = {
  generateTraceId: () => nextTraceId ?? newTraceId(),
  generateSpanId: () => nextSpanId ?? newSpanId(),
};

/** Gives the span that `start` creates these ids. Synchronous: nothing else can run in between. */
export function withNextIds<T>(ids: { traceId?: string; spanId?: string }, start: () => T): T {
  nextTraceId = ids.traceId;
  nextSpanId = ids.spanId;
  try {
    return start();
  } finally {
    nextTraceId = undefined;
    nextSpanId = undefined;
  }
}
