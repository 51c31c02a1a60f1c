import { AsyncLocalStorage } from 'node:async_hooks';
import { parseTraceparent } from './trace-ids.js';

/** Fields every log line of a scope carries, such as `trace_id` and `run_id`. */
export type LogFields = Record<string, string | number | boolean>;

const scope = new AsyncLocalStorage<LogFields>();

/** Runs `fn`; every log line written during it carries `fields` (and those of the scopes around it). */
export function withLogFields<T>(fields: LogFields, fn: () => T): T {
  const outer = scope.getStore();
  return scope.run(outer ? { ...outer, ...fields } : fields, fn);
}

/** Fields of the current scope. */
export const currentLogFields = (): LogFields => scope.getStore() ?? {};

/** Fields that name a run's trace: `trace_id` as a trace backend knows it, `public_trace_id` if the caller chose another. */
export function traceLogFields(traceparent: string | undefined, publicTraceId: string | undefined): LogFields {
  const traceId = parseTraceparent(traceparent)?.traceId ?? publicTraceId;
  return {
    ...(traceId !== undefined && { trace_id: traceId }),
    ...(publicTraceId !== undefined && publicTraceId !== traceId && { public_trace_id: publicTraceId }),
  };
}
