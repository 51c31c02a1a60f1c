export * from './attempt-span.js';
export {
  bindToSpan,
  endServerSpan,
  failActiveSpan,
  failSpan,
  recordingSpan,
  resendCount,
  withChildSpan,
  withResendCount,
  type ChildSpan,
} from './child-span.js';
export * from './error-fields.js';
export * from './health.js';
export * from './log-fields.js';
export { createLogger, logLevels, type Logger, type LoggerOptions, type LogLevel } from './logger.js';
export { createBoundedLabel, otherLabel, type BoundedLabel, type BoundedLabelOptions } from './bounded-label.js';
export { activeExemplar, exemplarOf } from './exemplar.js';
export * from './metric-catalogue.js';
export {
  createMetrics,
  metricsHandler,
  type Counter,
  type Exemplar,
  type Gauge,
  type Histogram,
  type MetricOptions,
  type Metrics,
  type MetricSnapshot,
} from './metrics.js';
export { withTables } from './telemetry-page.js';
export { observePool, type PoolUse } from './pool-metrics.js';
export { createRunMetrics, type RunMetrics } from './run-metrics.js';
export * from './run-trace.js';
export { uncatalogued } from './span-catalogue.js';
export { tracesStores, withStoreSpan } from './store-span.js';
export * from './start-check.js';
export { isTracing, idsOf, noopSpan, startSpanWithIds, withActiveSpan, type SpanOptions } from './spans.js';
export { exportersOf } from './exporters.js';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.js';
export * from './trace-ids.js';
export { SpanKind, type Attributes, type Span } from '@opentelemetry/api';
