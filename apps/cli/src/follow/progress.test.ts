import { runEvent, type RunEvent } from '../api/shapes.js';
import { plain } from '../output.js';
import { createProgress } from './progress.js';
import { endedLine, endLine, runningLine } from './progress-lines.js';

const event = (name: string, data: object): RunEvent =>
  runEvent.parse({ event: name, workflow_run_id: 'r', task_id: 't', data });

describe('progress of a run', () => {
  it('knows which nodes are under way', () => {
    const progress = createProgress();
    expect(progress.step(event('workflow_started', { id: 'r' }), 0)).toEqual({ kind: 'run', runId: 'r', taskId: 't' });
    progress.step(event('node_started', { id: 'x', title: 'X' }), 100);
    progress.step(event('iteration_started', { id: 'i', title: 'Each' }), 200);
    progress.step(event('node_started', { id: 'y', title: 'Y', iteration_id: 'i' }), 300);
    expect(progress.running().map(({ title, depth, sinceMs }) => [title, depth, sinceMs])).toEqual([
      ['X', 0, 100],
      ['Each', 0, 200],
      ['Y', 1, 300],
    ]);
    expect(progress.step(event('iteration_next', { id: 'i', index: 2 }), 350)).toEqual({
      kind: 'round',
      title: 'Each',
      index: 2,
    });
    const metadata = { total_tokens: 12 };
    const ended = progress.step(
      event('node_finished', {
        id: 'x',
        title: 'X',
        status: 'succeeded',
        elapsed_time: 0.25,
        execution_metadata: metadata,
      }),
      400,
    );
    expect(ended).toMatchObject({ kind: 'ended', status: 'succeeded', elapsedMs: 250, tokens: 12 });
    expect(progress.running().map(({ title }) => title)).toEqual(['Each', 'Y']);
    progress.step(event('workflow_finished', { id: 'r', status: 'stopped' }), 500);
    expect(progress.running()).toEqual([]);
  });

  it('keeps a node that is repeated under way', () => {
    const progress = createProgress();
    progress.step(event('node_started', { id: 'x', title: 'X' }), 0);
    const step = progress.step(
      event('node_retry', { id: 'x', title: 'X', status: 'retry', error: 'no', retry_index: 1 }),
      1,
    );
    expect(step).toMatchObject({ kind: 'ended', status: 'retry', error: 'no' });
    expect(progress.running()).toHaveLength(1);
  });

  it('passes over what it does not know', () => {
    expect(createProgress().step(event('agent_log', { id: 'a' }), 0)).toBeUndefined();
  });

  it('tells of a provider failure and of a pause', () => {
    const progress = createProgress();
    expect(progress.step(runEvent.parse({ event: 'error', message: 'No credentials.', status: 400 }), 0)).toEqual({
      kind: 'note',
      text: 'No credentials.',
    });
    expect(progress.step(event('workflow_paused', { paused_nodes: ['ask'] }), 0)).toEqual({
      kind: 'paused',
      nodes: ['ask'],
    });
  });
});

describe('lines', () => {
  const node = { id: 'x', title: 'Translate', depth: 0, sinceMs: 1000 };
  it('show how long a node has been at it', () => {
    expect(runningLine(node, 3500, plain)).toMatch(/^ {2}\S Translate 2\.50 s$/);
  });
  it('show how a node ended', () => {
    const step = { kind: 'ended' as const, node, status: 'succeeded', error: null, elapsedMs: 2500, tokens: 340 };
    expect(endedLine(step, plain)).toBe(`  ✓ ${'Translate'.padEnd(32)} 2.50 s  340 tokens`);
    expect(endedLine({ ...step, status: 'failed', error: 'No.\nSorry.', tokens: 1 }, plain)).toBe(
      `  ✗ ${'Translate'.padEnd(32)} 2.50 s  1 token  failed: No. Sorry.`,
    );
  });
  it('show how a run ended', () => {
    const end = { runId: 'r', status: 'failed', error: 'It broke.', outputs: {}, elapsedMs: 90, tokens: 0, steps: 1 };
    expect(endLine(end, plain)).toBe('failed in 90 ms (1 step)\nIt broke.');
  });
});
