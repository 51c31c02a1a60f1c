import type { DecidedRun, RunContext } from '@millrace/contracts';
import { startedInputs } from './accept.js';
import { endingOf } from './finish.js';

const context: RunContext = {
  ...{ runId: 'r', shard: 0, tenantId: 't', appId: 'a', versionId: 'v', taskId: 'k', endUserId: 'e', user: 'u' },
  ...{ traceId: 't', trace: {}, createdAtMs: 0 },
};

const outputsOf = (...endOutputs: string[]): string => {
  const decided: DecidedRun = {
    ...{ context, epoch: 1, status: 'succeeded', error: null, startedAtMs: 0, finishedAtMs: 0 },
    ...{ tokens: 0, steps: 0, exceptions: 0, endOutputs, running: [], leased: [] },
  };
  return endingOf(decided).outputs;
};

it.each([
  [['{"x":1.0}'], '{"x":1.0}'],
  [['{"x":NaN,"y":["NaN",-Infinity]}'], '{"x":null,"y":["NaN",null]}'],
  [
    ['{"answer":NaN}', '{"answer":" and ","b":1}', '{"answer":1.0,"0":Infinity}'],
    '{"answer":"nan and 1.0","b":1,"0":null}',
  ],
])('outputs of a run: %j', (endOutputs, outputs) => {
  expect(outputsOf(...endOutputs)).toBe(outputs);
});

it('events show what the form was given as JSON', () => {
  expect(startedInputs(context, '{"b":NaN,"1":0}')).toMatch(/^\{"b":null,"1":0,"sys.files":\[\],/);
});
