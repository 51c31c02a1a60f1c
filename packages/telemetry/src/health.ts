import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metricsHandler, type Metrics } from './metrics.js';

export interface HealthOptions {
  /** 0 chooses a free port. */
  port: number;
  /** Default 0.0.0.0. */
  host?: string;
  /** Whether the process can do its work (Postgres and Redis answer). A rejection counts as no. */
  ready: () => Promise<boolean>;
  metrics?: Metrics;
  /** How long `ready` may take before the answer is no, ms. Default 2000. */
  readyTimeoutMs?: number;
}

export interface HealthServer {
  port: number;
  close(): Promise<void>;
}

/** Serves `/health/live`, `/health/ready` and `/metrics` for a process without an API. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const { port, host = '0.0.0.0', ready, metrics, readyTimeoutMs = 2000 } = options;
  const serveMetrics = metrics && metricsHandler(metrics);
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const path = req.url?.split('?', 1)[0];
    if (req.method !== 'GET' && req.method !== 'HEAD') return sendJson(res, 405, { status: 'method not allowed' });
    if (path === '/health/live') return sendJson(res, 200, { status: 'live' });
    if (path === '/health/ready') {
      const isReady = await answersInTime(ready, readyTimeoutMs);
      return sendJson(res, isReady ? 200 : 503, { status: isReady ? 'ready' : 'unavailable' });
    }
    if (path === '/metrics' && serveMetrics) return serveMetrics(req, res);
    sendJson(res, 404, { status: 'not found' });
  };
  const server = createServer((req, res) => {
    answer(req, res).catch((error: unknown) => res.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** `false` when `check` says no, rejects, or takes longer than `timeoutMs`. */
export async function answersInTime(check: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([check().catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}

function sendJson(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
