import { trace, TraceFlags } from '@opentelemetry/api';
import type { Exemplar } from './metrics.js';

/** The trace of a `traceparent` header, if it is recorded: where to look at one of the things that a bucket counts. */
export const exemplarOf = (traceparent: string | undefined): Exemplar | undefined =>
  traceparent !== undefined && (Number.parseInt(traceparent.slice(53, 55), 16) & TraceFlags.SAMPLED) !== 0
    ? { trace_id: traceparent.slice(3, 35) }
    : undefined;

/** The trace of the work in hand, if it is recorded. */
export function activeExemplar(): Exemplar | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context && context.traceFlags & TraceFlags.SAMPLED ? { trace_id: context.traceId } : undefined;
}
