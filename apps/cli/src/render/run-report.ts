import type { NodeExecution, RunDetail } from '../api/shapes.js';
import type { Paint } from '../output.js';
import { safe } from '../output.js';
import { statusStyle } from './table.js';
import { cut, durationText, timeText, tokensText } from './texts.js';
import { timelineLines } from './timeline.js';

export interface ReportOptions {
  width: number;
  nowMs: number;
  paint: Paint;
  /** Values as they are instead of one line each. */
  full: boolean;
}

/** All that is known of a run, for people. */
export function runReport(run: RunDetail, nodes: readonly NodeExecution[], options: ReportOptions): string[] {
  const { paint, width, nowMs } = options;
  const style = statusStyle(run.status);
  const elapsedMs = run.finished_at ? run.elapsed_time * 1000 : Math.max(0, nowMs - run.created_at * 1000);
  const traces = [
    run.trace_id,
    ...(run.otel_trace_id && run.otel_trace_id !== run.trace_id ? [run.otel_trace_id] : []),
  ];
  const price = priceOf(nodes);
  const facts: [string, string][] = [
    ['status', `${style ? paint(style, run.status) : run.status}, ${durationText(elapsedMs)}`],
    ['started', `${timeText(run.created_at)} UTC`],
    ['user', safe(run.created_by_end_user?.session_id ?? '')],
    ['app', run.app_id],
    ['trace', safe(traces.join(', '))],
    ['cost', [`${run.total_steps} steps`, tokensText(run.total_tokens), ...price].join(', ')],
  ];
  const errors = nodes.filter(({ error }) => error).map(({ title, error }) => [title, error ?? ''] as const);
  return [
    `${paint('bold', 'run')} ${run.id}`,
    ...facts.map(([name, value]) => `${paint('dim', name.padEnd(8))} ${value}`),
    ...section('nodes', timelineLines(nodes, width, nowMs, paint), paint),
    ...section('inputs', valueLines(formInputs(run.inputs), options), paint),
    ...section('outputs', valueLines(run.outputs, options), paint),
    ...section(
      'errors',
      [
        ...(run.error ? [`  ${paint('red', safe(run.error))}`] : []),
        ...errors.map(([title, error]) => `  ${safe(title)}: ${paint('red', safe(error))}`),
      ],
      paint,
    ),
  ];
}

/** What went into a node and came out, for people. */
export function nodeReport(node: NodeExecution, options: ReportOptions): string[] {
  const { paint } = options;
  const values = (value: unknown): string[] => valueLines((value ?? {}) as Record<string, unknown>, options);
  return [
    `${paint('bold', safe(node.title))} ${paint('dim', `${node.node_type} ${node.node_id}`)} ${node.status}`,
    ...section('inputs', values(node.inputs), paint),
    ...section('process data', values(node.process_data), paint),
    ...section('outputs', values(node.outputs), paint),
    ...section('metadata', values(node.execution_metadata), paint),
    ...section('error', node.error ? [`  ${paint('red', safe(node.error))}`] : [], paint),
  ];
}

const section = (title: string, lines: string[], paint: Paint): string[] =>
  lines.length === 0 ? [] : ['', paint('bold', title), ...lines];

/** The caller's inputs, without those of the system. */
export const formInputs = (inputs: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith('sys.')));

/** Values by name, one line each unless they are wanted in full. */
export function valueLines(values: Record<string, unknown>, { width, paint, full }: ReportOptions): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const label = `  ${paint('dim', `${safe(name)}:`)}`;
    const text = typeof value === 'string' ? value : JSON.stringify(value, null, full ? 2 : undefined);
    if (!full) return [`${label} ${cut(text, Math.max(20, width - name.length - 4))}`];
    return [
      label,
      ...safe(text)
        .split('\n')
        .map((line) => `    ${line}`),
    ];
  });
}

/** What the models of a run cost, by currency; prices are decimal texts of up to ten digits behind the point. */
export function priceOf(nodes: readonly NodeExecution[]): string[] {
  const sums = new Map<string, number>();
  for (const { execution_metadata: metadata } of nodes) {
    const price = Number(metadata?.total_price ?? 0);
    if (price > 0) sums.set(metadata?.currency ?? '', (sums.get(metadata?.currency ?? '') ?? 0) + price);
  }
  return [...sums].map(([currency, sum]) => `${sum.toFixed(10).replace(/\.?0+$/, '')} ${currency}`.trim());
}
