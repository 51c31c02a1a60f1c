import { OTLPMetricExporterBase } from '@opentelemetry/exporter-metrics-otlp-http';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { MetricsExporterMetricsHelper, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { encodeMetrics } from './metric-encoder.js';

/** OpenTelemetry's exporter of metrics as OTLP in protobuf over HTTP, with an encoder of our own that knows exemplars. */
export class OTLPMetricExporter extends OTLPMetricExporterBase {
  constructor() {
    // Deprecated for users; the library's own exporters are built with it, and nothing else reads all the variables.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    const options = convertLegacyHttpOptions({}, 'METRICS', 'v1/metrics', { 'Content-Type': 'application/x-protobuf' });
    const serializer = {
      serializeRequest: encodeMetrics,
      deserializeResponse: ProtobufMetricsSerializer.deserializeResponse.bind(ProtobufMetricsSerializer),
    };
    super(
      createOtlpHttpExportDelegate(
        options,
        serializer,
        'otlp_http_metric_exporter',
        MetricsExporterMetricsHelper,
        undefined,
      ),
    );
  }
}
