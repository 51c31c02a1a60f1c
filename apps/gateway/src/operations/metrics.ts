import type { Metrics } from '@millrace/telemetry';
import type { RequestHandler } from 'express';
import { routeOf } from '../http/route-of.js';
import type { Relay } from '../relay/relay.js';

/** Looks into the queue of ready nodes at each scrape. */
export interface QueueProbe {
  shard: number;
  depth(): Promise<{ waiting: number; delayed: number; oldestMs: number }>;
}

/** What the gateway counts. */
export interface GatewayMetrics {
  /** Times every request; first in the chain. */
  timeRequests: RequestHandler;
  /** A client has seen the end of a run (`event`), or its call ended before (`undefined`). */
  runEnded(mode: 'blocking' | 'streaming', event: string | undefined): void;
}

const statusPattern = /"status":"([a-z-]+)"/;

export function createGatewayMetrics(metrics: Metrics): GatewayMetrics {
  const requests = metrics.histogram({
    name: 'millrace_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer; for streams, the time the client stayed.',
    labels: ['method', 'route', 'status'],
  });
  const runs = metrics.counter({
    name: 'millrace_gateway_runs_total',
    help: 'Runs submitted here, by response mode and what the caller saw last: a run status, or `open` when the call ended first.',
    labels: ['mode', 'status'],
  });
  return {
    timeRequests(req, res, next) {
      const start = performance.now();
      res.once('close', () => {
        const route = routeOf(req) ?? 'unknown';
        requests.observe(
          { method: req.method, route, status: String(res.statusCode) },
          (performance.now() - start) / 1000,
        );
      });
      next();
    },
    runEnded(mode, event) {
      const status = (event && statusPattern.exec(event)?.[1]) ?? 'open';
      runs.inc({ mode, status: status || 'open' });
    },
  };
}

/** Values that are looked up when somebody scrapes. A queue that cannot be read keeps its last value. */
export function observeAtScrape(metrics: Metrics, relay: Relay, queues: readonly QueueProbe[]): void {
  metrics.gauge({
    name: 'millrace_stream_viewers',
    help: 'Clients that follow a run now: `events` on a stream, `end` in a blocking call.',
    labels: ['wants'],
    collect(gauge) {
      for (const [wants, count] of Object.entries(relay.viewers())) gauge.set({ wants }, count);
    },
  });
  // Metrics are collected side by side, and each writes its own value only: both share one look.
  const look = sharedLook(queues);
  metrics.gauge({
    name: 'millrace_queue_oldest_seconds',
    help: 'Age of the oldest node job that waits.',
    labels: ['shard'],
    async collect(gauge) {
      for (const { shard, oldestMs } of await look()) gauge.set({ shard }, oldestMs / 1000);
    },
  });
  metrics.gauge({
    name: 'millrace_queue_jobs',
    help: 'Node jobs in the queue.',
    labels: ['shard', 'state'],
    async collect(gauge) {
      for (const { shard, waiting, delayed } of await look()) {
        gauge.set({ shard, state: 'waiting' }, waiting);
        gauge.set({ shard, state: 'delayed' }, delayed);
      }
    },
  });
}

type QueueDepth = Awaited<ReturnType<QueueProbe['depth']>> & { shard: string };

/** Reads the queues; who asks while a look is under way gets its answer. Queues that cannot be read are left out. */
function sharedLook(queues: readonly QueueProbe[]): () => Promise<QueueDepth[]> {
  let current: Promise<QueueDepth[]> | undefined;
  const look = async (): Promise<QueueDepth[]> => {
    const depths = await Promise.allSettled(
      queues.map(async (queue) => ({ shard: String(queue.shard), ...(await queue.depth()) })),
    );
    current = undefined;
    return depths.flatMap((depth) => (depth.status === 'fulfilled' ? [depth.value] : []));
  };
  return () => (current ??= look());
}
