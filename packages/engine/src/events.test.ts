import { type Ending, type RunContext } from '@millrace/contracts';
import { workflowFinished } from './events.js';

const run: RunContext = {
  ...{ runId: 'r', shard: 0, tenantId: 't', appId: 'a', versionId: 'v', taskId: 'k', endUserId: 'e', user: 'u' },
  ...{ traceId: 'x', trace: {}, createdAtMs: 1500 },
};
const ending: Ending = {
  ...{ status: 'succeeded', error: null, outputs: '{}', totalTokens: 0, totalSteps: 2, exceptionsCount: 0 },
  ...{ elapsedSeconds: 0, finishedAtMs: 1500 },
};

it.each([
  [0, '0.0'],
  [2, '2.0'],
  [0.25, '0.25'],
])('writes %s seconds as %s', (elapsedSeconds, written) => {
  expect(workflowFinished(run, { ...ending, elapsedSeconds })).toContain(`"elapsed_time":${written},`);
});
