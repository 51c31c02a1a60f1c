import type { EngineObserver } from '@millrace/engine';
import type { CodeObserver } from '@millrace/sandbox';
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

/** What a worker counts of its cage for users' code. */
export function createCodeMetrics(metrics: Metrics): CodeObserver {
  const runs = metrics.histogram({
    name: 'millrace_code_duration_seconds',
    help: 'Time of running code of a code node, by language and outcome.',
    labels: ['language', 'outcome'],
  });
  const waits = metrics.histogram({
    name: 'millrace_code_wait_seconds',
    help: 'Time until an interpreter was free, by language.',
    labels: ['language'],
  });
  const helpers = metrics.counter({
    name: 'millrace_code_helper_starts_total',
    help: 'Starts of the helper process; more than one means that it died.',
  });
  return {
    runEnded(language, outcome, seconds, waitSeconds) {
      runs.observe({ language, outcome }, seconds);
      waits.observe({ language }, waitSeconds);
    },
    helperStarted() {
      helpers.inc();
    },
  };
}
