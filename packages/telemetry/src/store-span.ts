/** Spans of calls to PostgreSQL and Redis. They outnumber all others, so a share of the traces has them, by default none. */
import type { Span } from '@opentelemetry/api';
import { recordingSpan, withChildSpan, type ChildSpan } from './child-span.js';
import { given, type Env } from './exporters.js';

/**
 * Share of the sampled traces, from 0 to 1, whose database and Redis calls are recorded: `MILLRACE_TRACE_STORE_RATIO`,
 * default 0. @throws Error when it is no such number
 */
export function storeRatio(env: Env): number {
  const text = given(env, 'MILLRACE_TRACE_STORE_RATIO') ?? '0';
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new Error(`MILLRACE_TRACE_STORE_RATIO must be a number from 0 to 1, not '${text}'`);
}

let share = 0;

/** Called once when telemetry starts. */
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
