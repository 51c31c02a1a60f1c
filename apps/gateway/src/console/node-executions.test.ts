import type { NodeRecord } from '@millrace/contracts';
import { nodeExecutionsOf } from './node-executions.js';

const event = (name: string, data: object) => JSON.stringify({ event: name, workflow_run_id: 'r', data });
const meta = (executionId: string, startedAtMs: number) => ({
  ...{ tenantId: 't', appId: 'a', createdAtMs: 1, frame: 0, node: 1, nodeId: 'n', nodeType: 'code', title: 'N' },
  ...{ executionId, index: 2, attempt: 1, status: 'succeeded' as const, handle: 'source', tokens: 7 },
  ...{ startedAtMs, finishedAtMs: startedAtMs + 500 },
});
const record = (executionId: string, events: Partial<NodeRecord> = {}): NodeRecord => ({
  ...{ runId: 'r', meta: meta(executionId, 1000), startedEventId: '1-1', finishedEventId: '1-2' },
  ...{ startedEvent: '', finishedEvent: '', ...events },
});

describe('node executions of a run', () => {
  it('are running until their end has come, in the order they began', () => {
    const rows = nodeExecutionsOf(
      [
        { event: event('workflow_started', { id: 'r' }) },
        { event: event('node_started', { id: 'x', title: 'X', inputs: { a: 1 } }) },
        { event: event('node_started', { id: 'y', title: 'Y' }) },
        { event: event('node_finished', { id: 'y', title: 'Y', status: 'succeeded', outputs: { b: 1 } }) },
        { event: event('text_chunk', { text: 'z' }) },
      ],
      [],
    );
    expect(rows).toMatchObject([
      { id: 'x', status: 'running', inputs: { a: 1 }, outputs: null },
      { id: 'y', status: 'succeeded', outputs: { b: 1 }, process_data: null },
    ]);
  });

  it('show a repeated attempt before the row of its node', () => {
    const rows = nodeExecutionsOf(
      [
        { event: event('node_started', { id: 'x' }) },
        { event: event('node_retry', { id: 'x', status: 'retry', retry_index: 1, error: 'no' }) },
        { event: event('node_finished', { id: 'x', status: 'succeeded' }) },
      ],
      [],
    );
    expect(rows).toMatchObject([{ status: 'retry', retry_index: 1, error: 'no' }, { status: 'succeeded' }]);
  });

  it('show containers, which have events of their own', () => {
    const rows = nodeExecutionsOf(
      [
        { event: event('iteration_started', { id: 'i', title: 'Each' }) },
        { event: event('node_started', { id: 'x', iteration_id: 'i' }) },
        { event: event('iteration_completed', { id: 'i', status: 'succeeded', outputs: { output: [] } }) },
      ],
      [],
    );
    expect(rows).toMatchObject([
      { id: 'i', status: 'succeeded' },
      { id: 'x', status: 'running', iteration_id: 'i' },
    ]);
  });

  it('take milliseconds from the stream or from records', () => {
    const finished = (id: string) => event('node_finished', { id, status: 'succeeded' });
    const rows = nodeExecutionsOf(
      [{ event: finished('x'), node: { meta: JSON.stringify(meta('x', 2000)) } }, { event: finished('y') }],
      [record('y')],
    );
    expect(rows).toMatchObject([
      { started_at_ms: 2000, finished_at_ms: 2500 },
      { started_at_ms: 1000, finished_at_ms: 1500 },
    ]);
  });

  it('are told from records when the stream is lost', () => {
    const started = event('node_started', { id: 'x', title: 'X' });
    const finished = event('node_finished', { id: 'x', title: 'X', status: 'succeeded', outputs: { b: 1 } });
    const rows = nodeExecutionsOf(
      [{ event: event('workflow_finished', { id: 'r' }) }],
      [record('x', { startedEvent: started, finishedEvent: finished }), record('y')],
    );
    expect(rows).toMatchObject([
      { id: 'x', title: 'X', outputs: { b: 1 }, started_at_ms: 1000 },
      { id: 'y', title: 'N', node_id: 'n', elapsed_time: 0.5, execution_metadata: { total_tokens: 7 } },
    ]);
  });
});
