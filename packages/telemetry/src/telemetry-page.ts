import { attributes, logFields, spans, type SpanDescription } from './span-catalogue.js';

/** The tables of `docs/tracing.md` that are made from the code, in Markdown. */
export function tracingTables(): string {
  return [
    '### Spans',
    table(
      ['span', 'kind', 'recorded when', 'parent', 'links to'],
      spans.map(({ name, kind, when, parent, links = '–' }) => [code(name), kind, when, parent, links]),
    ),
    '### Attributes',
    table(
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
    '### Fields of log lines',
    table(
      ['field', 'meaning'],
      Object.entries(logFields).map(([name, meaning]) => [code(name), meaning]),
    ),
  ].join('\n\n');
}

const has = ({ attributes: names }: SpanDescription, name: string): boolean =>
  (names as readonly string[]).includes(name);

const code = (text: string): string => `\`${text}\``;

/** Columns are padded as the formatter of the repository does it. */
function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

const begin = '<!-- made from packages/telemetry/src/span-catalogue.ts: begin -->';
const end = '<!-- end -->';

/** The page with its tables made anew. @throws Error when the page has lost the marks between which they stand */
export function withTables(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no place for its tables: ${begin} … ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${tracingTables()}\n\n${page.slice(to)}`;
}
