import { ApiError, isLongerThan, type ValueObject } from '@millrace/contracts';
import type { IncomingHttpHeaders } from 'node:http';

/** Where the trace ids of a run request may stand (service-api 5). */
export interface TraceSources {
  headers: IncomingHttpHeaders;
  query: Record<string, unknown>;
  body: ValueObject;
}

/** A repeated parameter counts once. */
const firstOf = (value: unknown): unknown => (Array.isArray(value) ? (value as unknown[])[0] : value);

/** The caller's `trace_id`: header, query, body; the first that is not empty counts, valid or not. */
export function traceIdHint({ headers, query, body }: TraceSources): unknown {
  return [headers['x-trace-id'], firstOf(query['trace_id']), body['trace_id']].find((value) => Boolean(value));
}

/**
 * Checks `trace_session_id`: header, query, body; the first that is present counts, even if empty.
 * @throws ApiError `bad_request`
 */
export function checkTraceSessionId({ headers, query, body }: TraceSources): void {
  const inQuery = firstOf(query['trace_session_id']);
  const sources: unknown[] = [headers['x-trace-session-id'], inQuery, body['trace_session_id']];
  const value = sources.find((each) => each !== undefined && each !== null);
  if (value === undefined) return;
  if (typeof value !== 'string') throw new ApiError('bad_request', 'trace_session_id must be a string.');
  const trimmed = value.trim();
  if (trimmed === '' || isLongerThan(200, trimmed)) {
    throw new ApiError('bad_request', 'trace_session_id must be 1 to 200 characters after trimming.');
  }
}
