import {
  context,
  createTraceState,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api';
import { withNextIds } from './id-generator.js';
import type { SpanIds } from './trace-ids.js';

let tracer: Tracer | undefined;

/** Called once when telemetry starts; without it every span is a no-op. */
export function useTracer(active: Tracer | undefined): void {
  tracer = active;
}

/** Whether spans are recorded at all in this process. */
export const isTracing = (): boolean => tracer !== undefined;

/** A span that records nothing; shared, so that being off costs nothing. */
export const noopSpan: Span = trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: TraceFlags.NONE });

export interface SpanOptions {
  name: string;
  kind?: SpanKind;
  /** Trace id of a new root span; ignored when `parent` is given. Default: random. */
  traceId?: string;
  /** Id of the span itself, when it was handed out before. Default: random. */
  spanId?: string;
  parent?: SpanIds;
  links?: SpanIds[];
  /** Unix ms. Default: now. */
  startTimeMs?: number;
  attributes?: Attributes;
}

/** Starts a span with given ids; a no-op span when tracing is off. The caller ends it. */
export function startSpanWithIds(options: SpanOptions): Span {
  const active = tracer;
  if (!active) return noopSpan;
  const { name, parent } = options;
  return withNextIds(options, () =>
    active.startSpan(
      name,
      {
        root: parent === undefined,
        ...(options.kind !== undefined && { kind: options.kind }),
        ...(options.startTimeMs !== undefined && { startTime: options.startTimeMs }),
        ...(options.attributes && { attributes: options.attributes }),
        ...(options.links && { links: options.links.map((link) => ({ context: remoteContext(link) })) }),
      },
      parent ? parentContext(parent) : ROOT_CONTEXT,
    ),
  );
}

/** Ids of a started span. */
export function idsOf(span: Span): SpanIds {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
}

/** Runs `fn` with `span` as the active one. */
export const withActiveSpan = <T>(span: Span, fn: () => T): T =>
  context.with(trace.setSpan(context.active(), span), fn);

const parentContext = (ids: SpanIds): Context => trace.setSpanContext(ROOT_CONTEXT, remoteContext(ids));

const remoteContext = (ids: SpanIds): SpanContext => ({
  traceId: ids.traceId,
  spanId: ids.spanId,
  traceFlags: ids.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
  isRemote: true,
  ...(ids.tracestate !== undefined && { traceState: createTraceState(ids.tracestate) }),
});
