import type { Outcome } from './outcome.js';

const marks = { ok: '✓', warning: '!', failed: '✗', skipped: '–' } as const;

/** Colours a text as its status; the default leaves it as it is. */
export type PaintStatus = (status: Outcome['status'], text: string) => string;

/** Outcomes for people, one on a line, each with what to do below it. */
export function renderOutcomes(outcomes: readonly Outcome[], paint: PaintStatus = (_, text) => text): string {
  const width = Math.max(0, ...outcomes.map(({ check }) => check.length));
  const lines = outcomes.flatMap(({ check, status, said, remedy }) => [
    `${paint(status, marks[status])} ${check.padEnd(width)}  ${said}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(width + 4)}→ ${remedy}`]),
  ]);
  return [...lines, '', verdict(outcomes)].join('\n');
}

function verdict(outcomes: readonly Outcome[]): string {
  const count = (status: Outcome['status']): number => outcomes.filter((each) => each.status === status).length;
  const [problems, warnings] = [count('failed'), count('warning')];
  const more = warnings === 0 ? '' : `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  return problems === 0
    ? `Nothing stands in the way${more}.`
    : `${problems} ${problems === 1 ? 'problem' : 'problems'}${more}.`;
}
