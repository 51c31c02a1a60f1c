import type { Paint } from '../output.js';
import { statusStyle } from '../render/table.js';
import { cut, durationText, pad, tokensText } from '../render/texts.js';
import type { NodeProgress, RunEnd, Step } from './progress.js';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const titleWidth = 32;

const marks: Record<string, string> = { succeeded: '✓', failed: '✗', exception: '!', retry: '↻', stopped: '■' };

const indent = ({ depth }: NodeProgress): string => '  '.repeat(depth + 1);

/** The line of a node under way. */
export function runningLine(node: NodeProgress, nowMs: number, paint: Paint): string {
  const sinceMs = Math.max(0, nowMs - node.sinceMs);
  const frame = frames[Math.floor(nowMs / 80) % frames.length] ?? '';
  return `${indent(node)}${paint('cyan', frame)} ${cut(node.title, titleWidth)} ${paint('dim', durationText(sinceMs))}`;
}

/** The line of a node that ended, with why when it failed. */
export function endedLine(
  { node, status, error, elapsedMs, tokens }: Extract<Step, { kind: 'ended' }>,
  paint: Paint,
): string {
  const style = statusStyle(status);
  const mark = marks[status] ?? '·';
  const facts = [durationText(elapsedMs), ...(tokens > 0 ? [tokensText(tokens)] : [])].join('  ');
  const why = error ? `  ${paint('red', `${status}: ${cut(error, 400)}`)}` : '';
  return `${indent(node)}${style === undefined ? mark : paint(style, mark)} ${pad(cut(node.title, titleWidth), titleWidth)} ${paint('dim', facts)}${why}`;
}

/** The last line of a run. */
export function endLine({ status, error, elapsedMs, steps, tokens }: RunEnd, paint: Paint): string {
  const style = statusStyle(status);
  const facts = [`${steps} ${steps === 1 ? 'step' : 'steps'}`, ...(tokens > 0 ? [tokensText(tokens)] : [])].join(', ');
  const why = error ? `\n${paint('red', cut(error, 2000))}` : '';
  return `${style === undefined ? status : paint(style, status)} in ${durationText(elapsedMs)} (${facts})${why}`;
}
