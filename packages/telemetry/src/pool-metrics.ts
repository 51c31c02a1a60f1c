import { catalogue } from './metric-catalogue.js';
import type { Metrics } from './metrics.js';

/** Connections of one process to Postgres. */
export interface PoolUse {
  used: number;
  idle: number;
  /** Queries that wait for a connection. */
  waiting: number;
  max: number;
}

/** Shows the use of the connections to Postgres. */
export function observePool(metrics: Metrics, use: () => PoolUse): void {
  metrics.gauge({
    ...catalogue.postgresConnections,
    collect(gauge) {
      const { used, idle } = use();
      gauge.set({ state: 'used' }, used);
      gauge.set({ state: 'idle' }, idle);
    },
  });
  metrics.gauge({ ...catalogue.postgresConnectionsMax, collect: (gauge) => gauge.set(use().max) });
  metrics.gauge({ ...catalogue.postgresWaiting, collect: (gauge) => gauge.set(use().waiting) });
}
