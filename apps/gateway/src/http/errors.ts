import { ApiError } from '@millrace/contracts';
import { traceLogFields } from '@millrace/telemetry';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Log } from '../log.js';

export interface ErrorBody {
  code: string;
  message: string;
  status: number;
}

export const errorBody = (error: ApiError): ErrorBody => ({
  code: error.code,
  message: error.message,
  status: error.status,
});

/** An unexpected failure inside a run endpoint or elsewhere: details go to the log only. */
const unexpected =
  'The server encountered an internal error and was unable to complete your request. ' +
  'Either the server is overloaded or there is an error in the application.';

/** What the caller is told about any thrown value. */
export function toApiError(error: unknown, isUnavailable: (error: unknown) => boolean): ApiError {
  if (error instanceof ApiError) return error;
  if (isUnavailable(error)) return new ApiError('service_unavailable', undefined, { cause: error });
  if (error instanceof URIError) return new ApiError('bad_request', undefined, { cause: error });
  return new ApiError('internal_server_error', unexpected, { cause: error });
}

/** Sends the error body of service-api 1.4 with the headers its status asks for. */
export function sendError(res: Response, error: ApiError): void {
  const { status } = error;
  if (status === 401) res.setHeader('WWW-Authenticate', 'Bearer realm="api"');
  const retryAfter = error.retryAfterSeconds ?? (status === 429 || status === 503 ? 1 : undefined);
  if (retryAfter !== undefined) res.setHeader('Retry-After', String(retryAfter));
  res.status(status).json(errorBody(error));
}

export interface ErrorHandlerOptions {
  log: Log;
  /** Whether an error of an adapter means that Postgres or Redis cannot be reached. */
  isUnavailable: (error: unknown) => boolean;
}

/** The one error middleware, last in the chain. */
export function errorHandler({ log, isUnavailable }: ErrorHandlerOptions): ErrorRequestHandler {
  return (thrown: unknown, req, res, _next) => {
    const error = toApiError(thrown, isUnavailable);
    if (error.status >= 500) {
      const [traceparent, traceId, runId] = ['traceparent', 'x-trace-id', 'x-workflow-run-id'].map((name) =>
        res.getHeader(name),
      ) as (string | undefined)[];
      const ids = { ...traceLogFields(traceparent, traceId), run_id: runId };
      const request = { method: req.method, path: req.path };
      log.error({ err: error.cause ?? error, ...request, ...ids }, 'request failed');
    }
    // Part of the answer is already out: all that is left is to cut it off.
    if (res.headersSent) res.destroy();
    else sendError(res, error);
  };
}

const notFoundPage = `<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>
`;

/** Unknown paths get a page, as the contract has it; JSON 404s belong to known paths. */
export const notFound: RequestHandler = (_req, res) => {
  res.status(404).type('html').send(notFoundPage);
};

/** Ends a route's list of methods. */
export function methodNotAllowed(...allowed: string[]): RequestHandler {
  const allow = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (req, res, next) => {
    res.setHeader('Allow', allow);
    if (req.method !== 'OPTIONS') return next(new ApiError('method_not_allowed'));
    res.status(200).end();
  };
}
