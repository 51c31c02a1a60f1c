import type { RunContext } from '@millrace/contracts';
import { creatorOf, presentDetail, presentLogs, presentUnfinished } from './present-run.js';

const context: RunContext = {
  ...{ runId: 'r', shard: 0, tenantId: 't', appId: 'a', versionId: 'v', taskId: 'k', endUserId: 'e', user: 'u' },
  ...{ traceId: 'x', trace: {}, createdAtMs: 1500 },
};
const listed = {
  context,
  epoch: 1,
  ending: undefined,
  versionLabel: 'l',
  triggeredFrom: 'app-run',
  createdFrom: 'service-api',
};

it('writes whole seconds of elapsed time as floats', () => {
  const float = '"elapsed_time":0.0';
  expect(presentUnfinished(context).body).toContain(float);
  expect(presentDetail({ ...listed, status: 'accepted', inputs: '{}' })).toContain(float);
  expect(presentLogs({ page: 1, limit: 20 }, { items: [{ ...listed, status: 'accepted' }], total: 1 })).toContain(
    float,
  );
});

it.each([
  ['DEFAULT-USER', true],
  ['somebody', false],
])('calls the user %s anonymous: %s', (user, anonymous) => {
  expect(creatorOf({ ...context, user }).created_by_end_user).toMatchObject({
    is_anonymous: anonymous,
    session_id: user,
  });
});
