import { createLogUpdate } from 'log-update';
import type { RunEvent } from '../api/shapes.js';
import { printJson, safe, type Paint } from '../output.js';
import { createProgress, type RunEnd, type Step } from './progress.js';
import { endedLine, endLine, runningLine } from './progress-lines.js';

/** Shows the events of a run as they come. */
export interface Viewer {
  show(event: RunEvent): void;
  /** A line from elsewhere, between those of the run. */
  say(line: string): void;
  /** Gives the terminal back. */
  close(): void;
}

/** For machines: every event on a line of standard output. */
export const createJsonViewer = (say: (line: string) => void): Viewer => ({
  show: printJson,
  say,
  close: () => undefined,
});

/** For people: nodes and text on `stream`, the outputs at the end on standard output. */
export function createViewer(stream: NodeJS.WriteStream, paint: Paint): Viewer {
  return stream.isTTY ? createLiveViewer(stream, paint) : createPlainViewer(stream, paint);
}

/** Without a terminal: a line when something ends, and the text as it comes. */
function createPlainViewer(stream: NodeJS.WriteStream, paint: Paint): Viewer {
  const progress = createProgress();
  let midLine = false;
  const line = (text: string): void => {
    stream.write(`${midLine ? '\n' : ''}${text}\n`);
    midLine = false;
  };
  return {
    say: line,
    close: () => undefined,
    show(event) {
      const step = progress.step(event, Date.now());
      if (step?.kind === 'text') {
        const text = safe(step.text);
        if (text === '') return;
        stream.write(text);
        midLine = !text.endsWith('\n');
      } else if (step) {
        const text = lineOf(step, paint);
        if (text !== undefined) line(text);
        if (step.kind === 'finished') printOutputs(step.end);
      }
    },
  };
}

const frameMs = 80;

/**
 * On a terminal: what ended stays above; below it, redrawn, the line of text that is not complete yet and the
 * nodes under way.
 */
function createLiveViewer(stream: NodeJS.WriteStream, paint: Paint): Viewer {
  const progress = createProgress();
  const live = createLogUpdate(stream);
  let text = '';
  const draw = (): void => {
    const nodes = progress.running().map((node) => runningLine(node, Date.now(), paint));
    const lines = [...(text === '' ? [] : [text]), ...nodes];
    if (lines.length === 0) live.clear();
    else live(lines.slice(-Math.max(1, (stream.rows || 24) - 1)).join('\n'));
  };
  const above = (line: string): void => {
    live.clear();
    stream.write(`${line}\n`);
    draw();
  };
  const flush = (): void => {
    if (text === '') return;
    const rest = text;
    text = '';
    above(rest);
  };
  const timer = setInterval(draw, frameMs);
  return {
    say: above,
    close() {
      clearInterval(timer);
      flush();
      live.clear();
      live.done();
    },
    show(event) {
      const step = progress.step(event, Date.now());
      if (step?.kind === 'text') {
        const lines = (text + safe(step.text)).split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) above(line);
        return draw();
      }
      const line = step && lineOf(step, paint);
      if (step?.kind === 'finished') flush();
      if (line !== undefined) above(line);
      else draw();
      if (step?.kind === 'finished') {
        live.clear();
        printOutputs(step.end);
      }
    },
  };
}

/** The line that stays of a step; `undefined` when it leaves none. */
function lineOf(step: Exclude<Step, { kind: 'text' }>, paint: Paint): string | undefined {
  switch (step.kind) {
    case 'run':
      return `${paint('bold', 'run')} ${step.runId}`;
    case 'begun':
      return undefined;
    case 'ended':
      return endedLine(step, paint);
    case 'round':
      return paint('dim', `    ${safe(step.title)}: round ${step.index + 1}`);
    case 'note':
      return paint('yellow', safe(step.text));
    case 'paused':
      return paint('yellow', `paused; it waits for ${safe(step.nodes.join(', ')) || 'input'}`);
    case 'finished':
      return endLine(step.end, paint);
  }
}

function printOutputs({ outputs }: RunEnd): void {
  process.stdout.write(`${JSON.stringify(outputs, null, 2)}\n`);
}
