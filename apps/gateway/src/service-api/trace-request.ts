import { ApiError, type ValueObject } from '@millrace/contracts';
import type { IncomingHttpHeaders } from 'node:http';

/** Where the trace ids of a run request may stand (service-api 5). */
export interface TraceSources {
  headers: IncomingHttpHeaders;
  query: Record<string, unknown>;
  body: ValueObject;
}

/** The caller's `trace_id`: header, query, body; the first that is not empty counts, valid or not. */
export function traceIdHint({ headers, query, body }: TraceSources): unknown {
  return [headers['x-trace-id'], query['trace_id'], body['trace_id']].find((value) => Boolean(value));
}

/**
 * Checks `trace_session_id`: header, query, body; the first that is present counts, even if empty.
 * @throws ApiError `bad_request`
 */
export function checkTraceSessionId({ headers, query, body }: TraceSources): void {
  const sources: unknown[] = [headers['x-trace-session-id'], query['trace_session_id'], body['trace_session_id']];
  const value = sources.find((each) => each !== undefined && each !== null);
  if (value === undefined) return;
  if (typeof value !== 'string') throw new ApiError('bad_request', 'trace_session_id must be a string.');
  const { length } = value.trim();
  if (length < 1 || length > 200) {
    throw new ApiError('bad_request', 'trace_session_id must be 1 to 200 characters after trimming.');
  }
}
