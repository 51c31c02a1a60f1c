import type { IncomingMessage, ServerResponse } from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Histogram as PromHistogram, Registry } from 'prom-client';
import { secondsBuckets } from './metric-catalogue.js';
import { openMetricsOf, wantsOpenMetrics } from './open-metrics.js';

export type { Counter, Gauge } from 'prom-client';

export interface MetricOptions<L extends string> {
  /** Name with the `millrace_` prefix and a unit, such as `millrace_run_duration_seconds`. */
  name: string;
  help: string;
  labels?: readonly L[];
}

/** Called at each scrape, to set the values then. */
type Collect<T> = (metric: T) => void | Promise<void>;

/** Names an example of what a bucket counts; see `exemplarOf`. */
export interface Exemplar {
  trace_id: string;
}

export interface Histogram<L extends string> {
  observe(labels: Partial<Record<L, string | number>>, value: number, exemplar?: Exemplar): void;
  /** Makes the series, so that its first observation counts as an increase. */
  zero(labels: Record<L, string | number>): void;
}

/** The metrics of one process. */
export interface Metrics {
  counter<L extends string = never>(options: MetricOptions<L> & { collect?: Collect<Counter<L>> }): Counter<L>;
  gauge<L extends string = never>(options: MetricOptions<L> & { collect?: Collect<Gauge<L>> }): Gauge<L>;
  /** `buckets` are upper bounds, ascending. Default: {@link secondsBuckets}. */
  histogram<L extends string = never>(options: MetricOptions<L> & { buckets?: readonly number[] }): Histogram<L>;
  /**
   * All metrics as text: in the OpenMetrics format, which has exemplars, when the `Accept` header asks for it, in
   * the Prometheus format otherwise.
   */
  text(accept?: string): Promise<{ contentType: string; body: string }>;
  /** All metrics as values. */
  snapshot(): Promise<MetricSnapshot[]>;
}

/** A metric with its present values; a histogram has one for each bucket (label `le`), its sum and its count. */
export interface MetricSnapshot {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram' | 'summary';
  values: {
    value: number;
    labels: Record<string, string | number>;
    metricName?: string;
    /** Of a bucket: one of the things it counts, by its trace; the time is in seconds. */
    exemplar?: { labelSet: Partial<Exemplar>; value: number; timestamp: number } | null;
  }[];
}

const live = new Set<Metrics>();

/** All registries of this process. */
export const allMetrics = (): Iterable<Metrics> => live;

/** A registry of its own, with the process metrics (CPU, memory, event loop) in it. */
export function createMetrics({ service }: { service: string }): Metrics {
  const registry = new Registry();
  const defaultLabels = { service };
  registry.setDefaultLabels(defaultLabels);
  collectDefaultMetrics({ register: registry });
  const base = <L extends string>({ name, help, labels = [] }: MetricOptions<L>) => ({
    name,
    help,
    labelNames: labels,
    registers: [registry],
  });
  const collecting = <T>(collect: Collect<T> | undefined) =>
    collect && {
      collect(this: T) {
        return collect(this);
      },
    };
  const metrics: Metrics = {
    counter: <L extends string>(options: MetricOptions<L> & { collect?: Collect<Counter<L>> }) =>
      new Counter<L>({ ...base(options), ...collecting(options.collect) }),
    gauge: <L extends string>(options: MetricOptions<L> & { collect?: Collect<Gauge<L>> }) =>
      new Gauge<L>({ ...base(options), ...collecting(options.collect) }),
    histogram<L extends string>(options: MetricOptions<L> & { buckets?: readonly number[] }): Histogram<L> {
      const buckets = [...(options.buckets ?? secondsBuckets)];
      // Registered by hand: prom-client itself takes exemplars for a mistake in a registry that can also write without.
      const histogram = new PromHistogram<L>({ ...base(options), buckets, registers: [], enableExemplars: true });
      registry.registerMetric(histogram);
      return {
        observe(labels, value, exemplar) {
          // Its types know exemplars by the labels of the metric only.
          histogram.observe({ labels, value, ...(exemplar && { exemplarLabels: exemplar as object }) });
        },
        zero: (labels) => histogram.zero(labels),
      };
    },
    async text(accept) {
      const shown = wantsOpenMetrics(accept) ? openMetricsOf(registry, defaultLabels) : registry;
      return { contentType: shown.contentType, body: await shown.metrics() };
    },
    snapshot: async () => (await registry.getMetricsAsJSON()) as unknown as MetricSnapshot[],
  };
  live.add(metrics);
  return metrics;
}

/** Answers `GET /metrics`; works with node:http and Express. */
export function metricsHandler(metrics: Metrics): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  return async (req, res) => {
    try {
      const { contentType, body } = await metrics.text(req.headers.accept);
      res.writeHead(200, { 'content-type': contentType, vary: 'Accept' }).end(body);
    } catch (error) {
      res.writeHead(503, { 'content-type': 'text/plain' }).end(error instanceof Error ? error.message : 'unavailable');
    }
  };
}
