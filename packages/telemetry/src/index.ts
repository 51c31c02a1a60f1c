export * from './health.js';
export * from './log-fields.js';
export * from './logger.js';
export * from './metrics.js';
export * from './run-trace.js';
export { isTracing, idsOf, noopSpan, startSpanWithIds, withActiveSpan, type SpanOptions } from './spans.js';
export { startTelemetry, wantsTracing, type Telemetry, type TelemetryOptions } from './telemetry.js';
export * from './trace-ids.js';
export type { Attributes, Span } from '@opentelemetry/api';
