import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufTraceSerializer, TraceExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import type { tracing } from '@opentelemetry/sdk-node';
import { encodeSpans } from './span-encoder.js';

/**
 * OpenTelemetry's exporter of spans as OTLP in protobuf over HTTP, with an encoder of our own: endpoint, headers,
 * certificates, compression, timeout, retries and concurrency are the library's and follow the `OTEL_*` variables.
 */
export function createSpanExporter(): tracing.SpanExporter {
  // Deprecated for users; the library's own exporters are built with it, and nothing else reads all the variables.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const options = convertLegacyHttpOptions({}, 'TRACES', 'v1/traces', { 'Content-Type': 'application/x-protobuf' });
  const serializer = {
    serializeRequest: encodeSpans,
    deserializeResponse: ProtobufTraceSerializer.deserializeResponse.bind(ProtobufTraceSerializer),
  };
  return new OTLPExporterBase(
    createOtlpHttpExportDelegate(options, serializer, 'otlp_http_span_exporter', TraceExporterMetricsHelper, undefined),
  );
}
