import type { RequestHandler } from 'express';

const allowedHeaders = [
  'Content-Type',
  'X-App-Code',
  'X-App-Passport',
  'Authorization',
  'Last-Event-ID',
  'X-Trace-Id',
  'X-Trace-Session-Id',
  'traceparent',
  'tracestate',
  'Idempotency-Key',
].join(', ');
const allowedMethods = 'GET, PUT, POST, DELETE, OPTIONS, PATCH';
const exposedHeaders = [
  'X-Version',
  'X-Env',
  'X-Trace-Id',
  'traceparent',
  'X-Workflow-Run-Id',
  'X-Task-Id',
  'Location',
  'Retry-After',
  'Idempotency-Replayed',
].join(', ');

/** `X-Version` and `X-Env` on every response. */
export const versionHeader =
  (version: string): RequestHandler =>
  (_req, res, next) => {
    res.setHeader('X-Version', version);
    res.setHeader('X-Env', 'PRODUCTION');
    next();
  };

/** Lets any origin call the Service API (service-api 1.1) and answers preflights. */
export const allowAnyOrigin: RequestHandler = (req, res, next) => {
  if (req.headers.origin === undefined) return next();
  res.setHeader('Access-Control-Allow-Origin', '*');
  res.setHeader('Access-Control-Expose-Headers', exposedHeaders);
  if (req.method !== 'OPTIONS') return next();
  res.setHeader('Access-Control-Allow-Headers', allowedHeaders);
  res.setHeader('Access-Control-Allow-Methods', allowedMethods);
  res.setHeader('Access-Control-Max-Age', '600');
  res.status(204).end();
};
