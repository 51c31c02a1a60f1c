import {
  context,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { withNextIds } from './id-generator.js';
import { RecordedSpan, type SpanSink } from './recorded-span.js';
import { newSpanId, newTraceId, type SpanIds } from './trace-ids.js';

let tracer: Tracer | undefined;
let sink: SpanSink | undefined;

/**
 * Called once when telemetry starts; without a tracer every span is a no-op.
 * @param direct where sampled spans go without the SDK's tracer; default: all spans are the tracer's
 */
export function useTracer(active: Tracer | undefined, direct?: SpanSink): void {
  tracer = active;
  sink = direct;
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
  if (sink && (parent ? parent.sampled : sink.samplesRoots)) return startRecordedSpan(sink, options);
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

function startRecordedSpan(to: SpanSink, options: SpanOptions): Span {
  const { spanId = newSpanId(), kind = SpanKind.INTERNAL, startTimeMs, attributes = {}, links } = options;
  const parent = options.parent && remoteContext(options.parent);
  const traceId = parent?.traceId ?? options.traceId ?? newTraceId();
  const traceState = parent?.traceState;
  return new RecordedSpan(to, {
    name: options.name,
    kind,
    spanContext: { traceId, spanId, traceFlags: TraceFlags.SAMPLED, ...(traceState && { traceState }) },
    ...(parent && { parentSpanContext: parent }),
    ...(startTimeMs !== undefined && { startTimeMs }),
    attributes,
    links: links ? links.map((link) => ({ context: remoteContext(link) })) : [],
  });
}

/** Ids of a started span. */
export function idsOf(span: Span): SpanIds {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
}

/** Runs `fn` with `span` as the active one. */
export const withActiveSpan = <T>(span: Span, fn: () => T): T =>
  span === noopSpan ? fn() : context.with(trace.setSpan(context.active(), span), fn);

const parentContext = (ids: SpanIds): Context => trace.setSpanContext(ROOT_CONTEXT, remoteContext(ids));

const remoteContext = (ids: SpanIds): SpanContext => ({
  traceId: ids.traceId,
  spanId: ids.spanId,
  traceFlags: ids.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
  isRemote: true,
  ...(ids.tracestate !== undefined && { traceState: createTraceState(ids.tracestate) }),
});
