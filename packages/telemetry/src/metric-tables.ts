import { metricDefinitions, type MetricDefinition } from './metric-catalogue.js';
import { unitOf } from './metric-unit.js';

/** docs/metrics.md, made of the catalogue (`node scripts/metrics-page.mjs`). */
export function metricsPage(): string {
  return `${intro}\n${sections.map(section).join('\n')}`;
}

const intro = `# Metrics

<!-- Made by scripts/metrics-page.mjs from packages/telemetry/src/metric-catalogue.ts; change it there. -->

Every process that has a \`PORT\` serves them at \`/metrics\`, in the Prometheus text format, or in OpenMetrics when the
request's \`Accept\` asks for it, as Prometheus does: then latency histograms carry exemplars with the \`trace_id\` of a sampled run.
With \`OTEL_EXPORTER_OTLP_ENDPOINT\` (or \`OTEL_EXPORTER_OTLP_METRICS_ENDPOINT\`) set, the same metrics go out over OTLP
every \`OTEL_METRIC_EXPORT_INTERVAL\`, without exemplars.

- Every metric has the label \`service\`: \`gateway\`, \`worker\` or \`recorder\`. Beside those below each process has the usual
  \`process_*\` and \`nodejs_*\` (CPU, memory, event loop lag, garbage collection).
- A metric marked "of the fleet" is read from Redis or PostgreSQL when somebody scrapes. Every gateway tells the same, so
  take the \`max\`, not the \`sum\`. What cannot be read is left out of that scrape.
- \`tenant\` is a tenant's id. A process has at most \`METRICS_TENANTS\` (default 100) of them as labels: the first to come, each
  for as long as it has a run an hour; the rest are counted together as \`other\`. If \`other\` matters, raise the number: a tenant
  costs up to 6 series a worker and 7 a gateway. 0 counts all as \`other\`. \`provider\` and \`model\` are bounded in the same way, at 100 pairs.
- The dashboards in [infra/grafana](../infra/grafana) and the alerts in [infra/prometheus](../infra/prometheus/alerts.yml) use
  these names; what to do when an alert fires: [alerts.md](alerts.md).
`;

const sections: [title: string, prefix: RegExp][] = [
  ['Runs', /^(run|nodes_overdue|reconciler)/],
  ['Tenants', /^tenant/],
  ['Nodes, workers and the queue', /^(node_|worker|queue)/],
  ['Models', /^model/],
  ["Users' code", /^code/],
  ['HTTP and streams', /^(http|gateway|stream)/],
  ['Recorders and the ledger', /^(ledger|recorder)/],
  ['PostgreSQL', /^(postgres|partitions)/],
  ['Redis', /^redis/],
];

function section([title, prefix]: (typeof sections)[number]): string {
  const found = metricDefinitions.filter(({ name }) => prefix.test(name.replace('millrace_', '')));
  const heads = ['metric', 'type', 'unit', 'labels', 'process', 'meaning'];
  const rows = found.map(cells);
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => [...(row[i] ?? '')].length)));
  const line = (row: string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [`## ${title}`, '', line(heads), rule, ...rows.map(line), ''].join('\n');
}

function cells(definition: MetricDefinition): string[] {
  const { name, type, labels = [], help, ofFleet } = definition;
  const process = ofFleet ? `${definition.in.join(', ')} (of the fleet)` : definition.in.join(', ');
  return [
    `\`${name}\``,
    type,
    unitOf(definition),
    labels.map((label) => `\`${label}\``).join(', ') || '–',
    process,
    help,
  ];
}
