import { code, markdownTable } from './markdown-table.js';
import { metricTables } from './metric-tables.js';
import { attributes, logFields, spans, type SpanDescription } from './span-catalogue.js';

/** The tables of `docs/telemetry.md`, made from the code, in Markdown. */
export function telemetryTables(): string {
  return [
    '### Spans',
    markdownTable(
      ['span', 'kind', 'recorded when', 'parent', 'links to'],
      spans.map(({ name, kind, when, parent, links = '–' }) => [code(name), kind, when, parent, links]),
    ),
    '### Attributes of spans',
    markdownTable(
      ['attribute', 'meaning', 'spans'],
      Object.entries(attributes).map(([name, meaning]) => [
        code(name),
        meaning,
        spans
          .filter((span) => has(span, name))
          .map((span) => code(span.name))
          .join(', '),
      ]),
    ),
    '### Metrics',
    ...metricTables(),
    '### Fields of log lines',
    markdownTable(
      ['field', 'meaning'],
      Object.entries(logFields).map(([name, meaning]) => [code(name), meaning]),
    ),
  ].join('\n\n');
}

const has = ({ attributes: names }: SpanDescription, name: string): boolean =>
  (names as readonly string[]).includes(name);

const begin = '<!-- made from the catalogues in packages/telemetry/src (npm run docs:telemetry): begin -->';
const end = '<!-- end -->';

/** The page with its tables made anew. @throws Error when the page has lost the marks between which they stand */
export function withTables(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no place for its tables: ${begin} … ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${telemetryTables()}\n\n${page.slice(to)}`;
}
