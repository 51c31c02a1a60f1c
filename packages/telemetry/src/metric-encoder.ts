import { metrics as sdk } from '@opentelemetry/sdk-node';
import type { MetricExemplar } from './metric-producer.js';
import { writeAttributes, writeResource, writeScope } from './otlp-parts.js';
import { ProtobufWriter as Writer } from './protobuf-writer.js';

type Point = sdk.DataPoint<number>;
type HistogramPoint = sdk.DataPoint<sdk.Histogram> & { exemplars?: readonly MetricExemplar[] };

/**
 * Writes metrics as an OTLP `ExportMetricsServiceRequest` in protobuf (opentelemetry/proto/metrics/v1/metrics.proto): byte for
 * byte what the OpenTelemetry serializer writes, and the exemplars of histograms, which that one leaves out.
 */
export function encodeMetrics({ resource, scopeMetrics }: sdk.ResourceMetrics): Uint8Array {
  const writer = new Writer(16_384);
  writer.message(1, () => {
    writeResource(writer, resource);
    for (const { scope, metrics } of scopeMetrics) {
      writer.message(2, () => {
        writeScope(writer, scope);
        for (const metric of metrics) writer.message(2, () => writeMetric(writer, metric));
        if (scope.schemaUrl) writer.string(3, scope.schemaUrl);
      });
    }
    if (resource.schemaUrl) writer.string(3, resource.schemaUrl);
  });
  return writer.taken();
}

function writeMetric(writer: Writer, metric: sdk.MetricData): void {
  const { name, description, unit } = metric.descriptor;
  writer.string(1, name);
  if (description) writer.string(2, description);
  if (unit) writer.string(3, unit);
  switch (metric.dataPointType) {
    case sdk.DataPointType.GAUGE:
      return writer.message(5, () => {
        for (const point of metric.dataPoints) writePoint(writer, point);
      });
    case sdk.DataPointType.SUM:
      return writer.message(7, () => {
        for (const point of metric.dataPoints) writePoint(writer, point);
        writer.varintField(2, temporalityOf(metric));
        if (metric.isMonotonic) writer.varintField(3, 1);
      });
    case sdk.DataPointType.HISTOGRAM:
      return writer.message(9, () => {
        for (const point of metric.dataPoints) writeHistogramPoint(writer, point);
        writer.varintField(2, temporalityOf(metric));
      });
    case sdk.DataPointType.EXPONENTIAL_HISTOGRAM:
      throw new TypeError(`${name}: exponential histograms are not written`); // the producer makes none
  }
}

const temporalityOf = ({ aggregationTemporality }: sdk.MetricData): number =>
  aggregationTemporality === sdk.AggregationTemporality.DELTA ? 1 : 2;

function writePoint(writer: Writer, { startTime, endTime, value, attributes }: Point): void {
  writer.message(1, () => {
    writer.time(2, startTime);
    writer.time(3, endTime);
    writer.double(4, value);
    writeAttributes(writer, 7, attributes);
  });
}

function writeHistogramPoint(
  writer: Writer,
  { startTime, endTime, value, attributes, exemplars }: HistogramPoint,
): void {
  writer.message(1, () => {
    writer.time(2, startTime);
    writer.time(3, endTime);
    writer.fixed64(4, value.count);
    if (value.sum !== undefined) writer.double(5, value.sum);
    writer.packedFixed64(6, value.buckets.counts);
    writer.packedDoubles(7, value.buckets.boundaries);
    for (const exemplar of exemplars ?? []) {
      writer.message(8, () => {
        writer.time(2, exemplar.time);
        writer.double(3, exemplar.value);
        writer.hex(5, exemplar.traceId);
      });
    }
    writeAttributes(writer, 9, attributes);
  });
}
