import type { NodeResult } from '@millrace/contracts';
import { everyHandle, objectOf, type PlanNode } from '@millrace/graph';
import { decideOutcome } from './decide-outcome.js';

const node = (more: Partial<PlanNode> = {}): PlanNode => ({
  index: 1,
  id: 'n',
  type: 'http-request',
  title: '',
  data: {},
  kind: 'executable',
  out: [],
  in: [],
  errorStrategy: 'none',
  defaultValue: {},
  retry: { maxRetries: 0, intervalMs: 0 },
  reads: [],
  streams: [],
  ...more,
});
const common = { inputs: {}, processData: {}, metadata: {} };
const failed: NodeResult = {
  ...common,
  status: 'failed',
  error: 'boom',
  errorType: 'HTTPResponseCodeError',
  code: 'provider_not_initialize',
};

describe('decideOutcome (dsl 3.6)', () => {
  it('passes a success on with its handle', () => {
    const result: NodeResult = { ...common, status: 'succeeded', outputs: { a: 1 }, handle: 'true' };
    expect(decideOutcome(node(), result, 1)).toMatchObject({
      outcome: 'done',
      handle: 'true',
      outputs: { a: 1 },
      exceptions: 0,
    });
  });

  it('retries as often as configured, waiting for the longer of interval and Retry-After', () => {
    const retrying = node({ retry: { maxRetries: 2, intervalMs: 100 }, errorStrategy: 'fail-branch' });
    const busy: NodeResult = { ...failed, retryAfterMs: 700 };
    expect(decideOutcome(retrying, failed, 1)).toMatchObject({
      outcome: 'retry',
      status: 'retry',
      retryDelayMs: 100,
      exceptions: 1,
    });
    expect(decideOutcome(retrying, busy, 2)).toMatchObject({ outcome: 'retry', retryDelayMs: 700 });
    expect(decideOutcome(retrying, failed, 3)).toMatchObject({ outcome: 'done', status: 'exception', exceptions: 1 });
  });

  it('takes the fail branch with error_message and error_type only', () => {
    expect(decideOutcome(node({ errorStrategy: 'fail-branch' }), failed, 1)).toMatchObject({
      outcome: 'done',
      status: 'exception',
      handle: 'fail-branch',
      outputs: { error_message: 'boom', error_type: 'HTTPResponseCodeError' },
    });
  });

  it('goes on with the default values', () => {
    const defaulted = node({ errorStrategy: 'default-value', defaultValue: { body: '{}' } });
    const outputs = { body: '{}', error_message: 'boom', error_type: 'HTTPResponseCodeError' };
    expect(decideOutcome(defaulted, failed, 1)).toMatchObject({ outcome: 'done', handle: 'source', outputs });
    const ordered = node({
      ...defaulted,
      defaultValue: objectOf([
        ['b', 1],
        ['2', 2],
        ['__proto__', 3],
      ]),
    });
    expect(Object.keys(decideOutcome(ordered, failed, 1).outputs ?? {})).toEqual([
      ...['b', '2', '__proto__', 'error_message', 'error_type'],
    ]);
    const branch = node({ ...defaulted, type: 'if-else', kind: 'branch' });
    expect(decideOutcome(branch, failed, 1)).toMatchObject({ outcome: 'done', handle: everyHandle, outputs });
  });

  it('fails the run, with the provider code only then', () => {
    expect(decideOutcome(node(), failed, 1)).toMatchObject({
      outcome: 'failed',
      outputs: null,
      code: 'provider_not_initialize',
    });
    expect(decideOutcome(node({ errorStrategy: 'fail-branch' }), failed, 1)).not.toHaveProperty('code');
  });

  it('fails a branch node that chose nothing', () => {
    const empty: NodeResult = { ...common, status: 'succeeded', outputs: {}, handle: '' };
    const branch = node({ kind: 'branch', type: 'if-else', errorStrategy: 'fail-branch' });
    expect(decideOutcome(branch, empty, 1)).toMatchObject({
      outcome: 'failed',
      error: 'Branch node n completed without selecting a branch',
    });
  });

  it.each([
    'template-transform',
    'if-else',
    'variable-aggregator',
    'start',
    'end',
    'llm',
    'http-request',
    'unheard-of',
  ])('honours the strategy on %s, whatever the editor offers', (type) => {
    const quiet: NodeResult = { ...failed, errorType: '' };
    expect(decideOutcome(node({ type, errorStrategy: 'fail-branch' }), quiet, 1)).toMatchObject({
      status: 'exception',
      handle: 'fail-branch',
      outputs: { error_message: 'boom', error_type: '' },
    });
    expect(
      decideOutcome(node({ type, errorStrategy: 'default-value', defaultValue: { a: 1 } }), quiet, 1),
    ).toMatchObject({
      status: 'exception',
      outputs: { a: 1, error_message: 'boom', error_type: '' },
    });
  });
});
