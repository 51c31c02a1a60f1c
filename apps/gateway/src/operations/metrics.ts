import type { RunContext } from '@millrace/contracts';
import { catalogue, createBoundedLabel, exemplarOf, type Metrics } from '@millrace/telemetry';
import type { RequestHandler } from 'express';
import { routeOf } from '../http/route-of.js';
import type { Relay } from '../relay/relay.js';

/** What the gateway counts. */
export interface GatewayMetrics {
  /** Times every request; first in the chain. */
  timeRequests: RequestHandler;
  runAccepted(run: RunContext): void;
  /** A client has seen the end of a run (`event`), or its call ended before (`undefined`). */
  runEnded(mode: 'blocking' | 'streaming', event: string | undefined): void;
}

const statusPattern = /"status":"([a-z-]+)"/;

/** @param maxTenants most tenants that are labels at a time (METRICS_TENANTS) */
export function createGatewayMetrics(metrics: Metrics, { maxTenants }: { maxTenants: number }): GatewayMetrics {
  const requests = metrics.histogram(catalogue.httpDuration);
  const runs = metrics.counter(catalogue.gatewayRuns);
  const accepted = metrics.counter(catalogue.tenantAccepted);
  const tenants = createBoundedLabel({ max: maxTenants, onLeave: (tenant) => accepted.remove({ tenant }) });
  return {
    timeRequests(req, res, next) {
      const start = performance.now();
      res.once('close', () => {
        const route = routeOf(req) ?? 'unknown';
        const traceparent = res.getHeader('traceparent');
        requests.observe(
          { method: req.method, route, status: String(res.statusCode) },
          (performance.now() - start) / 1000,
          typeof traceparent === 'string' ? exemplarOf(traceparent) : undefined,
        );
      });
      next();
    },
    runAccepted({ tenantId }) {
      accepted.inc({ tenant: tenants.of(tenantId) });
    },
    runEnded(mode, event) {
      const status = (event && statusPattern.exec(event)?.[1]) ?? 'open';
      runs.inc({ mode, status: status || 'open' });
    },
  };
}

/** Told by the relay how long events were on their way to clients. */
export function createStreamLag(metrics: Metrics): (seconds: number) => void {
  const lag = metrics.histogram(catalogue.streamLag);
  return (seconds) => lag.observe({}, seconds);
}

/** Counts the clients of the relay at each scrape. */
export function observeViewers(metrics: Metrics, relay: Pick<Relay, 'viewers'>): void {
  metrics.gauge({
    ...catalogue.streamViewers,
    collect(gauge) {
      const { events, end } = relay.viewers();
      gauge.set({ wants: 'events' }, events);
      gauge.set({ wants: 'end' }, end);
    },
  });
  metrics.gauge({ ...catalogue.streamFull, collect: (gauge) => gauge.set(relay.viewers().full) });
}
