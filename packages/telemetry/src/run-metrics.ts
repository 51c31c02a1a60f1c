import { terminalStatuses, type Ending, type RunContext } from '@millrace/contracts';
import { createBoundedLabel } from './bounded-label.js';
import { exemplarOf } from './exemplar.js';
import { catalogue } from './metric-catalogue.js';
import type { Metrics } from './metrics.js';

/** What every process counts that ends runs. */
export interface RunMetrics {
  runEnded(run: RunContext, ending: Pick<Ending, 'status' | 'elapsedSeconds' | 'totalTokens'>): void;
}

/** @param maxTenants most tenants that are labels at a time (METRICS_TENANTS) */
export function createRunMetrics(metrics: Metrics, { maxTenants }: { maxTenants: number }): RunMetrics {
  const durations = metrics.histogram(catalogue.runDuration);
  const ended = metrics.counter(catalogue.tenantEnded);
  const seconds = metrics.counter(catalogue.tenantSeconds);
  const tokens = metrics.counter(catalogue.tenantTokens);
  for (const status of terminalStatuses) durations.zero({ status });
  const tenants = createBoundedLabel({
    max: maxTenants,
    onLeave(tenant) {
      for (const status of terminalStatuses) ended.remove({ tenant, status });
      seconds.remove({ tenant });
      tokens.remove({ tenant });
    },
  });
  return {
    runEnded(run, { status, elapsedSeconds, totalTokens }) {
      durations.observe({ status }, elapsedSeconds, exemplarOf(run.trace.traceparent));
      const tenant = tenants.of(run.tenantId);
      ended.inc({ tenant, status });
      seconds.inc({ tenant }, elapsedSeconds);
      tokens.inc({ tenant }, totalTokens);
    },
  };
}
