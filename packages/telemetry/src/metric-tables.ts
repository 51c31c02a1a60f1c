import { code, markdownTable } from './markdown-table.js';
import { metricDefinitions, type MetricDefinition } from './metric-catalogue.js';
import { unitOf } from './metric-unit.js';

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

/** Every metric, by what it is about: Markdown with a heading and a table for each subject. */
export const metricTables = (): string[] =>
  sections.flatMap(([title, prefix]) => [
    `#### ${title}`,
    markdownTable(
      ['metric', 'type', 'unit', 'labels', 'process', 'meaning'],
      metricDefinitions.filter(({ name }) => prefix.test(name.replace('millrace_', ''))).map(cells),
    ),
  ]);

function cells(definition: MetricDefinition): string[] {
  const { name, type, labels = [], help, ofFleet } = definition;
  const process = ofFleet ? `${definition.in.join(', ')} (of the fleet)` : definition.in.join(', ');
  return [code(name), type, unitOf(definition), labels.map(code).join(', ') || '–', process, help];
}
