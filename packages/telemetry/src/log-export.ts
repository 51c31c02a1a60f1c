/** Log lines as OpenTelemetry log records: what is exported is what was written, after redaction. */
import { ROOT_CONTEXT, trace, TraceFlags, type Context } from '@opentelemetry/api';
import { SeverityNumber, type LogRecord } from '@opentelemetry/api-logs';

const severities: Partial<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** Fields that the record or its resource has in another place. */
const placed = new Set(['level', 'time', 'msg', 'service', 'pid', 'trace_id', 'span_id']);

/** The record of a log line (JSON). @throws SyntaxError when it is none */
export function logRecordOf(line: string): LogRecord {
  const fields = JSON.parse(line) as Record<string, unknown>;
  const { level, time, msg, trace_id: traceId, span_id: spanId } = fields;
  const severity = typeof level === 'string' ? level : 'info';
  const attributes = Object.entries(fields).filter(([name]) => !placed.has(name));
  const traced = typeof traceId === 'string' && typeof spanId === 'string';
  return {
    timestamp: typeof time === 'string' ? new Date(time) : new Date(),
    severityNumber: severities[severity] ?? SeverityNumber.UNSPECIFIED,
    severityText: severity.toUpperCase(),
    body: typeof msg === 'string' ? msg : '',
    attributes: Object.fromEntries([
      // Outside of a recorded span the trace is told as an attribute: a record's own trace needs a span.
      ...(typeof traceId === 'string' && !traced ? [['trace_id', traceId]] : []),
      ...attributes.map(([name, value]) => [name, flat(value)]),
    ]) as NonNullable<LogRecord['attributes']>,
    ...(traced && { context: contextOf(traceId, spanId) }),
  };
}

const contextOf = (traceId: string, spanId: string): Context =>
  trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED });

const flat = (value: unknown): string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value);
