export * from './error-fields.js';
export * from './health.js';
export * from './log-fields.js';
export * from './logger.js';
export {
  createMetrics,
  metricsHandler,
  secondsBuckets,
  type Counter,
  type Gauge,
  type Histogram,
  type MetricOptions,
  type Metrics,
  type MetricSnapshot,
} from './metrics.js';
export * from './run-trace.js';
export { isTracing, idsOf, noopSpan, startSpanWithIds, withActiveSpan, type SpanOptions } from './spans.js';
export { startTelemetry, wantsMetrics, wantsTraces, type Telemetry, type TelemetryOptions } from './telemetry.js';
export * from './trace-ids.js';
export type { Attributes, Span } from '@opentelemetry/api';
