import protobuf from 'protobufjs';

/** What the receiver looks at, from opentelemetry/proto/trace/v1/trace.proto, with its field numbers. */
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
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; }
  }
`;
const exportType = protobuf.parse(schema).root.lookupType('Export');

/** An OTLP export request in protobuf, as its JSON form. */
export function decodeOtlp(body: Uint8Array): unknown {
  const message = exportType.toObject(exportType.decode(body), { longs: String });
  return JSON.parse(JSON.stringify(message, bytesAsHex)) as unknown;
}

/** Buffers come here as `{type:"Buffer",data}`: their own `toJSON` has gone first. */
function bytesAsHex(_key: string, value: unknown): unknown {
  const { type, data } = Object(value) as { type?: unknown; data?: number[] };
  return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data).toString('hex') : value;
}
