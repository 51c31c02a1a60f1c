import protobuf from 'protobufjs';

/** What tests look at, from trace.proto and metrics.proto of opentelemetry/proto, with their field numbers. */
const schema = `
  syntax = "proto3";
  message Export { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    bytes parent_span_id = 4;
    string name = 5;
    int32 kind = 6;
    fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
    repeated Link links = 13;
    Status status = 15;
  }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Status { string message = 2; int32 code = 3; }
  message MetricsExport { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message Metric { string name = 1; Histogram histogram = 9; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message HistogramPoint {
    fixed64 count = 4;
    double sum = 5;
    repeated fixed64 bucket_counts = 6;
    repeated double explicit_bounds = 7;
    repeated Exemplar exemplars = 8;
    repeated KeyValue attributes = 9;
  }
  message Exemplar { fixed64 time_unix_nano = 2; double as_double = 3; bytes trace_id = 5; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }
  }
`;
const { root } = protobuf.parse(schema);
const types = { traces: root.lookupType('Export'), metrics: root.lookupType('MetricsExport') };

/** An OTLP export request in protobuf, as its JSON form. */
export function decodeOtlp(body: Uint8Array, signal: keyof typeof types = 'traces'): unknown {
  const exportType = types[signal];
  const message = exportType.toObject(exportType.decode(body), { longs: String });
  return JSON.parse(JSON.stringify(message, bytesAsHex)) as unknown;
}

/** Buffers come here as `{type:"Buffer",data}`: their own `toJSON` has gone first. */
function bytesAsHex(_key: string, value: unknown): unknown {
  const { type, data } = Object(value) as { type?: unknown; data?: number[] };
  return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data).toString('hex') : value;
}
