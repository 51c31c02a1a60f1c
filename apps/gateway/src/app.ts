import express, { type Express } from 'express';
import { consoleApiRouter, type ConsoleApiDeps } from './console/router.js';
import type { DownloadDeps } from './files/download.js';
import { filesRouter } from './files/router.js';
import { errorHandler, notFound, type ErrorHandlerOptions } from './http/errors.js';
import { versionHeader } from './http/headers.js';
import { operationsRouter, type OperationsDeps } from './operations/health.js';
import { serviceApiRouter, type ServiceApiDeps } from './service-api/router.js';

export interface GatewayDeps {
  serviceApi: ServiceApiDeps;
  consoleApi: ConsoleApiDeps;
  downloads: DownloadDeps;
  operations: OperationsDeps;
  errors: ErrorHandlerOptions;
  serverVersion: string;
}

/** The whole HTTP surface; does nothing until it is served. */
export function createApp({
  serviceApi,
  consoleApi,
  downloads,
  operations,
  errors,
  serverVersion,
}: GatewayDeps): Express {
  const app = express();
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.disable('x-powered-by');
  app.use(versionHeader(serverVersion), serviceApi.metrics.timeRequests);
  app.use(serviceApiRouter(serviceApi));
  app.use(filesRouter(downloads));
  app.use(consoleApiRouter(consoleApi));
  app.use(operationsRouter(operations));
  app.use(notFound);
  app.use(errorHandler(errors));
  return app;
}
