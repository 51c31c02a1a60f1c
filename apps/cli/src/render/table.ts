import type { Paint } from '../output.js';
import { cut, pad, stringWidth } from './texts.js';

export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  /** Numbers stand at the right. */
  right?: boolean;
  /** Columns of this kind give way when the table is too wide. Default: never. */
  shrinks?: boolean;
  paint?: (row: Row) => Parameters<Paint>[0] | undefined;
}

const gap = 2;
const narrowest = 8;

/** A table of aligned columns with a heading, within `width` where columns may shrink. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  paint: Paint,
): string[] {
  const cells = rows.map((row) => columns.map(({ value }) => cut(value(row), Number.POSITIVE_INFINITY)));
  const widths = columns.map(({ title }, at) =>
    Math.max(...[title, ...cells.map((row) => row[at] ?? '')].map((text) => stringWidth(text))),
  );
  for (let over = total(widths) - width; over > 0; over = total(widths) - width) {
    const widest = columns.reduce(
      (best, { shrinks }, at) => (shrinks && (widths[at] ?? 0) > (widths[best] ?? 0) ? at : best),
      -1,
    );
    if (widest < 0 || (widths[widest] ?? 0) <= narrowest) break;
    widths[widest] = Math.max(narrowest, (widths[widest] ?? 0) - over);
  }
  const line = (texts: readonly string[], style: (at: number) => Parameters<Paint>[0] | undefined): string =>
    texts
      .map((text, at) => {
        const size = widths[at] ?? 0;
        const shown = cut(text, size);
        const filled = columns[at]?.right
          ? ' '.repeat(Math.max(0, size - stringWidth(shown))) + shown
          : pad(shown, size);
        const used = style(at);
        return used === undefined ? filled : paint(used, filled);
      })
      .join(' '.repeat(gap))
      .trimEnd();
  const body = cells.map((texts, index) => {
    const row = rows[index];
    return line(texts, (at) => (row === undefined ? undefined : columns[at]?.paint?.(row)));
  });
  return [
    line(
      columns.map(({ title }) => title),
      () => 'bold',
    ),
    ...body,
  ];
}

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, each) => sum + each, 0) + gap * (widths.length - 1);

/** Colour of a run's or a node's status. */
export function statusStyle(status: string): Parameters<Paint>[0] | undefined {
  if (status === 'succeeded') return 'green';
  if (status === 'failed') return 'red';
  if (status === 'running') return 'cyan';
  return status === 'normal' ? undefined : 'yellow';
}
