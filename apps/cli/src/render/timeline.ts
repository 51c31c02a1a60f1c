import type { NodeExecution } from '../api/shapes.js';
import type { Paint } from '../output.js';
import { statusStyle } from './table.js';
import { cut, durationText, pad, tokensText } from './texts.js';

interface Span {
  node: NodeExecution;
  fromMs: number;
  toMs: number;
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * When each node ran, as bars on one scale from the run's first node to its last (or to now, while it runs).
 * @param width columns for everything
 */
export function timelineLines(nodes: readonly NodeExecution[], width: number, nowMs: number, paint: Paint): string[] {
  const spans = nodes.map((node) => spanOf(node, nowMs));
  if (spans.length === 0) return [];
  const fromMs = Math.min(...spans.map((span) => span.fromMs));
  const totalMs = Math.max(1, Math.max(...spans.map((span) => span.toMs)) - fromMs);
  const titles = spans.map(({ node }) => `${node.iteration_id || node.loop_id ? '  ' : ''}${safeTitle(node)}`);
  const titleWidth = Math.min(Math.max(...titles.map((title) => [...title].length)), 28);
  const factsWidth = 32;
  const barWidth = Math.max(10, Math.min(60, width - titleWidth - factsWidth - 4));
  return spans.map((span, at) => {
    const { node } = span;
    const style = statusStyle(node.status) ?? 'dim';
    const bar = barOf((span.fromMs - fromMs) / totalMs, (span.toMs - fromMs) / totalMs, barWidth);
    const tokens = node.execution_metadata?.total_tokens ?? 0;
    const facts = [
      durationText(span.toMs - span.fromMs).padStart(9),
      ...(tokens > 0 ? [tokensText(tokens)] : []),
      ...(node.status === 'succeeded' ? [] : [paint(style, statusText(node))]),
    ];
    return `  ${pad(cut(titles[at] ?? '', titleWidth), titleWidth)} ${paint(style, bar)} ${facts.join('  ')}`;
  });
}

const safeTitle = (node: NodeExecution): string => node.title || node.node_id;

const statusText = ({ status, retry_index: retry }: NodeExecution): string =>
  status === 'retry' && typeof retry === 'number' ? `retry ${retry}` : status;

function spanOf(node: NodeExecution, nowMs: number): Span {
  const fromMs = node.started_at_ms ?? (node.created_at ?? 0) * 1000;
  const toMs =
    node.finished_at_ms ?? (node.status === 'running' ? Math.max(nowMs, fromMs) : fromMs + node.elapsed_time * 1000);
  return { node, fromMs, toMs };
}

/** A bar from one fraction to another, as long as what it stands for; blocks of an eighth end it, and the shortest is seen. */
export function barOf(from: number, to: number, width: number): string {
  const start = Math.min(width - 1, Math.floor(from * width));
  const units = Math.min(Math.max(1, Math.round((to - from) * width * 8)), (width - start) * 8);
  const rest = eighths[units % 8] ?? '';
  return pad(`${' '.repeat(start)}${'█'.repeat(Math.floor(units / 8))}${rest}`, width);
}
