import { reconcilerActions, type EngineObserver, type ReconcilerAction } from '@millrace/engine';
import type { CodeObserver, ManagedCodeRunner } from '@millrace/sandbox';
import { catalogue, createRunMetrics, exemplarOf, type Metrics } from '@millrace/telemetry';

/** What a worker counts. @param maxTenants most tenants that are labels at a time (METRICS_TENANTS) */
export function createWorkerMetrics(metrics: Metrics, options: { maxTenants: number }): EngineObserver {
  const nodes = metrics.histogram(catalogue.nodeDuration);
  const waits = metrics.histogram(catalogue.nodeWait);
  const runs = createRunMetrics(metrics, options);
  return {
    nodeSettled(type, status, seconds, waitSeconds, run) {
      const exemplar = exemplarOf(run.trace.traceparent);
      nodes.observe({ type, status }, seconds, exemplar);
      waits.observe({}, waitSeconds, exemplar);
    },
    runEnded: (run, ending) => runs.runEnded(run, ending),
  };
}

/** Counts what the reconciler repairs. */
export function createReconcilerMetrics(metrics: Metrics): (action: ReconcilerAction, count: number) => void {
  const actions = metrics.counter(catalogue.reconcilerActions);
  for (const action of reconcilerActions) actions.inc({ action }, 0);
  return (action, count) => actions.inc({ action }, count);
}

/** Shows how much of the worker is taken. */
export function observeSlots(metrics: Metrics, slots: number, used: () => number): void {
  metrics.gauge(catalogue.slots).set(slots);
  metrics.gauge({ ...catalogue.slotsUsed, collect: (gauge) => gauge.set(used()) });
}

/** What a worker counts of its cage for users' code. */
export function createCodeMetrics(metrics: Metrics): CodeObserver {
  const runs = metrics.histogram(catalogue.codeDuration);
  const waits = metrics.histogram(catalogue.codeWait);
  const helpers = metrics.counter(catalogue.codeHelperStarts);
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

/** Shows how much of the cage is taken. */
export function observeCode(metrics: Metrics, use: ManagedCodeRunner['use']): void {
  type Use = ReturnType<typeof use>['python3'];
  const perLanguage = (
    definition: { name: string; help: string; labels: readonly 'language'[] },
    of: (use: Use) => number,
  ) => {
    metrics.gauge<'language'>({
      ...definition,
      collect(gauge) {
        for (const [language, each] of Object.entries(use())) gauge.set({ language }, of(each));
      },
    });
  };
  perLanguage(catalogue.codeInterpreters, ({ max }) => max);
  perLanguage(catalogue.codeInterpretersUsed, ({ used }) => used);
  perLanguage(catalogue.codeWaiting, ({ waiting }) => waiting);
}
