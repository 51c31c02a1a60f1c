import type { IncomingMessage, ServerResponse } from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

export interface MetricOptions<L extends string> {
  /** Name with the `millrace_` prefix and a unit, such as `millrace_run_duration_seconds`. */
  name: string;
  help: string;
  labels?: readonly L[];
}

/** The metrics of one process. */
export interface Metrics {
  counter<L extends string = never>(options: MetricOptions<L>): Counter<L>;
  /** `collect` is called at each scrape, to set the value then. */
  gauge<L extends string = never>(
    options: MetricOptions<L> & { collect?: (gauge: Gauge<L>) => void | Promise<void> },
  ): Gauge<L>;
  /** `buckets` are upper bounds, ascending. Default: {@link secondsBuckets}. */
  histogram<L extends string = never>(options: MetricOptions<L> & { buckets?: number[] }): Histogram<L>;
  /** All metrics in the Prometheus text format. */
  text(): Promise<string>;
  /** All metrics as values. */
  snapshot(): Promise<MetricSnapshot[]>;
  contentType: string;
}

/** A metric with its present values; a histogram has one for each bucket (label `le`), its sum and its count. */
export interface MetricSnapshot {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram' | 'summary';
  values: { value: number; labels: Record<string, string | number>; metricName?: string }[];
}

const live = new Set<Metrics>();

/** All registries of this process. */
export const allMetrics = (): Iterable<Metrics> => live;

/** From a queue hop (1 ms) to a long model call (2 min). */
export const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** A registry of its own, with the process metrics (CPU, memory, event loop) in it. */
export function createMetrics({ service }: { service: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const base = <L extends string>({ name, help, labels = [] }: MetricOptions<L>) => ({
    name,
    help,
    labelNames: labels,
    registers: [registry],
  });
  const metrics: Metrics = {
    counter: (options) => new Counter(base(options)),
    gauge: <L extends string>(options: MetricOptions<L> & { collect?: (gauge: Gauge<L>) => void | Promise<void> }) => {
      const { collect } = options;
      return new Gauge<L>({
        ...base(options),
        ...(collect && {
          collect() {
            return collect(this);
          },
        }),
      });
    },
    histogram: (options) => new Histogram({ ...base(options), buckets: options.buckets ?? secondsBuckets }),
    text: () => registry.metrics(),
    snapshot: async () => (await registry.getMetricsAsJSON()) as unknown as MetricSnapshot[],
    contentType: registry.contentType,
  };
  live.add(metrics);
  return metrics;
}

/** Answers `GET /metrics`; works with node:http and Express. */
export function metricsHandler(metrics: Metrics): (req: IncomingMessage, res: ServerResponse) => Promise<void> {
  return async (_req, res) => {
    try {
      const text = await metrics.text();
      res.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    } catch (error) {
      res.writeHead(503, { 'content-type': 'text/plain' }).end(error instanceof Error ? error.message : 'unavailable');
    }
  };
}
