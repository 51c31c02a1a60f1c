/** Prometheus metrics in the form that OTLP exporters take, so that every metric is defined once. */
import { ValueType, type HrTime } from '@opentelemetry/api';
import { metrics as sdk, resources } from '@opentelemetry/sdk-node';
import { unitCode } from './metric-unit.js';
import type { Metrics, MetricSnapshot } from './metrics.js';

type Sample = MetricSnapshot['values'][number];

/** One of the things that a bucket counts, by its trace. */
export interface MetricExemplar {
  traceId: string;
  value: number;
  time: HrTime;
}

/** Data points have no place for exemplars of their own; `metric-encoder.ts` looks for them here. */
interface HistogramPoint extends sdk.DataPoint<sdk.Histogram> {
  exemplars: MetricExemplar[];
}

const toHrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

/** A producer for an OTLP metric reader; `list` is asked at each export. */
export function createMetricProducer(list: () => Iterable<Metrics>, now = Date.now): sdk.MetricProducer {
  const startTime = toHrTime(now());
  return {
    async collect() {
      const endTime = toHrTime(now());
      const snapshots = await Promise.all([...list()].map((metrics) => metrics.snapshot()));
      const found = snapshots.flat().flatMap((snapshot) => metricData(snapshot, { startTime, endTime }));
      const scopeMetrics = [{ scope: { name: 'millrace' }, metrics: found }];
      return { resourceMetrics: { resource: resources.emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

interface Times {
  startTime: HrTime;
  endTime: HrTime;
}

function metricData({ name, help, type, values }: MetricSnapshot, times: Times): sdk.MetricData[] {
  const base = {
    descriptor: { name, description: help, unit: unitCode({ name }), valueType: ValueType.DOUBLE },
    aggregationTemporality: sdk.AggregationTemporality.CUMULATIVE,
  };
  const points = (): sdk.DataPoint<number>[] =>
    values.map(({ labels, value }) => ({ ...times, attributes: labels, value }));
  switch (type) {
    case 'counter':
      return [{ ...base, dataPointType: sdk.DataPointType.SUM, isMonotonic: true, dataPoints: points() }];
    case 'gauge':
      return [{ ...base, dataPointType: sdk.DataPointType.GAUGE, dataPoints: points() }];
    case 'histogram':
      return [
        { ...base, dataPointType: sdk.DataPointType.HISTOGRAM, dataPoints: histogramPoints(name, values, times) },
      ];
    case 'summary':
      return []; // none of ours; OTLP readers have no such thing
  }
}

/** Prometheus counts buckets cumulatively, one sample a bound; OTLP counts each bucket by itself. */
function histogramPoints(name: string, values: Sample[], times: Times): HistogramPoint[] {
  const series = new Map<string, Sample[]>();
  for (const sample of values) {
    const { le: _le, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  return [...series].map(([key, samples]) => {
    const buckets = samples.filter(({ metricName }) => metricName === `${name}_bucket`);
    const valueOf = (suffix: string): number =>
      samples.find(({ metricName }) => metricName === `${name}_${suffix}`)?.value ?? 0;
    const boundaries = buckets.map(({ labels }) => Number(labels['le'])).filter(Number.isFinite);
    const counts = buckets.map(({ value }, i) => value - (buckets[i - 1]?.value ?? 0));
    return {
      ...times,
      attributes: JSON.parse(key) as Record<string, string>,
      value: { buckets: { boundaries, counts }, sum: valueOf('sum'), count: valueOf('count') },
      exemplars: buckets.flatMap(exemplarsOf),
    };
  });
}

function exemplarsOf({ exemplar }: Sample): MetricExemplar[] {
  const traceId = exemplar?.labelSet.trace_id;
  return traceId === undefined || !exemplar
    ? []
    : [{ traceId, value: exemplar.value, time: toHrTime(exemplar.timestamp * 1000) }];
}
