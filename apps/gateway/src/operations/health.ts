import { answersInTime, metricsHandler, type Metrics } from '@millrace/telemetry';
import { Router } from 'express';
import { methodNotAllowed } from '../http/errors.js';

export interface OperationsDeps {
  metrics: Metrics;
  /** Whether Postgres and Redis answer. */
  ready: () => Promise<boolean>;
}

/** Time within which Postgres and Redis must answer. */
const readyTimeoutMs = 1000;

/** `/health/live`, `/health/ready`, `/metrics`. */
export function operationsRouter({ metrics, ready }: OperationsDeps): Router {
  const router = Router();
  router.get('/health/live', (_req, res) => void res.json({ status: 'live' }));
  router.get('/health/ready', async (_req, res) => {
    const isReady = await answersInTime(ready, readyTimeoutMs);
    res.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'unavailable' });
  });
  router.get('/metrics', metricsHandler(metrics));
  router.all(['/health/live', '/health/ready', '/metrics'], methodNotAllowed('GET'));
  return router;
}
