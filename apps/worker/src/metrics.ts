import type { EngineObserver } from '@millrace/engine';
import type { Metrics } from '@millrace/telemetry';

/** What a worker counts. `running` answers how many nodes it executes now. */
export function createWorkerMetrics(metrics: Metrics, running: () => number): EngineObserver {
  const nodes = metrics.histogram({
    name: 'millrace_node_duration_seconds',
    help: 'Execution time of one attempt of a node, by type and status.',
    labels: ['type', 'status'],
  });
  const waits = metrics.histogram({
    name: 'millrace_node_wait_seconds',
    help: 'Time from ready to begun.',
  });
  const runs = metrics.histogram({
    name: 'millrace_run_duration_seconds',
    help: 'Time from the first begin to the end of runs that ended here, by status.',
    labels: ['status'],
  });
  metrics.gauge({
    name: 'millrace_worker_nodes_running',
    help: 'Node jobs this worker is executing.',
    collect: (gauge) => {
      gauge.set(running());
    },
  });
  return {
    nodeSettled(type, status, seconds, waitSeconds) {
      nodes.observe({ type, status }, seconds);
      waits.observe(waitSeconds);
    },
    runEnded(status, seconds) {
      runs.observe({ status }, seconds);
    },
  };
}
