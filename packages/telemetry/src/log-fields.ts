import { AsyncLocalStorage } from 'node:async_hooks';

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

/**
 * Fields that name a run's trace: `trace_id` as a trace backend knows it, `public_trace_id` if the caller chose another.
 * @param traceparent one of ours, hence valid: every node asks, traced or not
 */
export function traceLogFields(traceparent: string | undefined, publicTraceId: string | undefined): LogFields {
  const traceId = traceparent?.slice(3, 35) ?? publicTraceId;
  if (traceId === undefined) return {};
  const isOther = publicTraceId !== undefined && publicTraceId !== traceId;
  return isOther ? { trace_id: traceId, public_trace_id: publicTraceId } : { trace_id: traceId };
}
