import type { SpanContext } from '@opentelemetry/api';
import type { tracing } from '@opentelemetry/sdk-node';
import { writeAttributes, writeResource, writeScope } from './otlp-parts.js';
import { ProtobufWriter as Writer } from './protobuf-writer.js';

type ReadableSpan = tracing.ReadableSpan;
type Scope = ReadableSpan['instrumentationScope'];

/**
 * Writes spans as an OTLP `ExportTraceServiceRequest` in protobuf (opentelemetry/proto/trace/v1/trace.proto), byte for
 * byte what the OpenTelemetry serializer writes, in a quarter of its time: in one pass, and strings by the runtime's own
 * encoder. E1: field order and presence are the serializer's; the test compares the two.
 */
export function encodeSpans(spans: readonly ReadableSpan[]): Uint8Array {
  const byResource = groupBy(spans, ({ resource }) => resource);
  const writer = new Writer(spans.length * 320 + 1024);
  for (const [resource, ofResource] of byResource) {
    writer.message(1, () => {
      writeResource(writer, resource);
      for (const [scope, ofScope] of groupBy(ofResource, (span) => span.instrumentationScope)) {
        writer.message(2, () => writeScopeSpans(writer, scope, ofScope));
      }
      if (resource.schemaUrl) writer.string(3, resource.schemaUrl);
    });
  }
  return writer.taken();
}

function writeScopeSpans(writer: Writer, scope: Scope, spans: readonly ReadableSpan[]): void {
  writeScope(writer, scope);
  for (const span of spans) {
    const begin = writer.begin(2);
    writeSpan(writer, span);
    writer.end(begin);
  }
  if (scope.schemaUrl) writer.string(3, scope.schemaUrl);
}

function writeSpan(writer: Writer, span: ReadableSpan): void {
  const context = span.spanContext();
  const { parentSpanContext: parent, status } = span;
  writer.hex(1, context.traceId);
  writer.hex(2, context.spanId);
  writeTraceState(writer, context);
  if (parent?.spanId) writer.hex(4, parent.spanId);
  writer.string(5, span.name);
  writer.varintField(6, span.kind + 1);
  writer.time(7, span.startTime);
  writer.time(8, span.endTime);
  writeAttributes(writer, 9, span.attributes);
  writer.varintField(10, span.droppedAttributesCount);
  for (const event of span.events) {
    const begin = writer.begin(11);
    writer.time(1, event.time);
    writer.string(2, event.name);
    if (event.attributes) writeAttributes(writer, 3, event.attributes);
    writer.varintField(4, event.droppedAttributesCount ?? 0);
    writer.end(begin);
  }
  writer.varintField(12, span.droppedEventsCount);
  for (const link of span.links) {
    const begin = writer.begin(13);
    writer.hex(1, link.context.traceId);
    writer.hex(2, link.context.spanId);
    writeTraceState(writer, link.context);
    if (link.attributes) writeAttributes(writer, 4, link.attributes);
    writer.varintField(5, link.droppedAttributesCount ?? 0);
    writer.fixed32(6, flagsOf(link.context.traceFlags, link.context.isRemote));
    writer.end(begin);
  }
  writer.varintField(14, span.droppedLinksCount);
  const begin = writer.begin(15);
  if (status.message) writer.string(2, status.message);
  writer.varintField(3, status.code);
  writer.end(begin);
  writer.fixed32(16, flagsOf(context.traceFlags, parent?.isRemote));
}

function writeTraceState(writer: Writer, { traceState }: SpanContext): void {
  const text = traceState?.serialize();
  if (text) writer.string(3, text);
}

/** Trace flags and whether the parent is remote, as OTLP's `SpanFlags` pack them. */
const flagsOf = (traceFlags: number, isRemote: boolean | undefined): number =>
  (traceFlags & 0xff) | 0x100 | (isRemote ? 0x200 : 0);

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
