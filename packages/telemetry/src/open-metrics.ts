import { Registry, type Metric, type OpenMetricsContentType } from 'prom-client';

/** Whether an `Accept` header asks for the OpenMetrics format, as Prometheus does. */
export const wantsOpenMetrics = (accept: string | undefined): boolean =>
  accept?.includes('application/openmetrics-text') ?? false;

/**
 * A view of a registry in the OpenMetrics format. A registry has one format, and in this one prom-client takes the
 * `_total` off the names of its counters for good; so the view is made anew each time and has counters of its own.
 */
export function openMetricsOf(
  registry: Registry,
  defaultLabels: Record<string, string>,
): Registry<OpenMetricsContentType> {
  const view = new Registry<OpenMetricsContentType>();
  view.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  view.setDefaultLabels(defaultLabels);
  for (const metric of registry.getMetricsAsArray() as unknown as Shown[]) {
    view.registerMetric((metric.type === 'counter' ? withoutTotal(metric) : metric) as unknown as Metric);
  }
  return view;
}

/** What a registry asks of a metric when it writes it. */
interface Shown {
  name: string;
  type: string;
  get(): Promise<{ name: string }>;
}

function withoutTotal(counter: Shown): Shown {
  const name = counter.name.replace(/_total$/, '');
  return { name, type: counter.type, get: async () => ({ ...(await counter.get()), name }) };
}
