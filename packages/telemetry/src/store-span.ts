/** Spans of calls to PostgreSQL and Redis. They outnumber all others, so a share of the traces has them, by default none. */
import type { Span } from '@opentelemetry/api';
import { recordingSpan, withChildSpan, type ChildSpan } from './child-span.js';

let share = 0;

/**
 * Called once when telemetry starts.
 * @param ratio share of the sampled traces, from 0 to 1, whose database and Redis calls are recorded
 */
export function useStoreRatio(ratio: number): void {
  share = ratio;
}

/** Whether calls of any trace are recorded here. */
export const tracesStores = (): boolean => share > 0;

/** Every process decides the same for a trace: its calls are recorded all or not at all. */
const isChosen = (span: Span): boolean => Number.parseInt(span.spanContext().traceId.slice(-8), 16) < share * 2 ** 32;

const storeSpans = new WeakSet<Span>();

/**
 * Runs a call of Redis or PostgreSQL as a child of the active span, if its trace is one of those chosen. Of calls within
 * each other only the outer one is recorded.
 */
export function withStoreSpan<T>(describe: () => ChildSpan, call: () => Promise<T>): Promise<T> {
  if (share === 0) return call();
  const parent = recordingSpan();
  if (!parent || storeSpans.has(parent) || !isChosen(parent)) return call();
  return withChildSpan(describe, (span) => {
    storeSpans.add(span);
    return call();
  });
}
