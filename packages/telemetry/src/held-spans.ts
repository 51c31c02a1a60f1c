/**
 * T4: a child is handed to the exporter after its parent. A process that is killed loses the spans it had not exported
 *     yet; what it has exported never hangs under one of them.
 */
import type { Span } from '@opentelemetry/api';

/** Children of one span that are kept; more are lost, so that a long node's memory is bounded. */
export const mostHeldChildren = 256;

const held = new WeakMap<Span, (() => void)[]>();

/** From now on the children of `span` wait for its end, which {@link endWithChildren} or {@link endAfterParent} must bring. */
export function holdChildren(span: Span): void {
  held.set(span, []);
}

/** Ends `span` and then the children that waited for it. @param endTimeMs Unix ms; default: now */
export function endWithChildren(span: Span, endTimeMs?: number): void {
  const children = held.get(span) ?? [];
  held.delete(span);
  span.end(endTimeMs);
  for (const end of children) end();
}

/** Ends `span` with the given time, at once or, when `parent` still holds its children, with the parent. */
export function endAfterParent(parent: Span, span: Span, endTimeMs: number): void {
  const waiting = held.get(parent);
  if (!waiting) endWithChildren(span, endTimeMs);
  else if (waiting.length < mostHeldChildren) waiting.push(() => endWithChildren(span, endTimeMs));
}
