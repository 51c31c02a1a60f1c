import type { NodeExecutor, ValueObject } from '@millrace/contracts';
import { attempt } from './attempt.js';
import { createFreshLinks } from './fresh-links.js';
import type { Work } from './settle.js';

it('a node can ask for links to the files it makes, signed for the owner of its run', async () => {
  const id = '0199b0a4-6f3e-7000-8000-000000000001';
  const made: ValueObject = { dify_model_identity: '__dify__file__', transfer_method: 'tool_file', related_id: id };
  const executor: NodeExecutor = {
    type: 'draws',
    execute: async ({ linked }) => ({
      ...{ status: 'succeeded', handle: 'source', inputs: {}, processData: {}, metadata: {} },
      outputs: linked?.({ ...made, extension: '.png' }) ?? {},
    }),
  };
  const run = { tenantId: 't', appId: 'a', endUserId: 'u', filesUrl: 'http://files' };
  const work = {
    plan: { root: 0 },
    node: { index: 1, id: 'n', type: 'draws', title: '', data: {}, reads: [], retry: { maxRetries: 0 } },
    execution: { run, executionId: 'e' },
    variables: { reads: [], inputs: '{}' },
    job: { tenantId: 't', runId: 'r' },
  } as unknown as Work;
  const fresh = createFreshLinks({
    sign: (owner, file, base) => `${base}/${Object.values(owner).join('-')}/${file.id}.${file.extension}`,
  });
  const hooks = { signal: new AbortController().signal, emitText: () => undefined };
  const result = await attempt({ executors: new Map([['draws', executor]]), fresh }, work, hooks);
  expect(result).toMatchObject({ outputs: { url: `http://files/t-a-u/${id}.png` } });
});

it.each([
  [0, 1, false],
  [2, 1, false],
  [2, 2, false],
  [2, 3, true],
])('of a node with %d retries attempt %d is the last one: %p', async (maxRetries, number, expected) => {
  let isLast: boolean | undefined;
  const executor: NodeExecutor = {
    type: 'asks',
    execute: async ({ isLastRetry }) => {
      isLast = isLastRetry;
      return { status: 'succeeded', handle: 'source', inputs: {}, processData: {}, metadata: {}, outputs: {} };
    },
  };
  const work = {
    plan: { root: 0 },
    node: { index: 1, id: 'n', type: 'asks', title: '', data: {}, reads: [], retry: { maxRetries } },
    execution: { run: {}, executionId: 'e' },
    variables: { reads: [], inputs: '{}' },
    job: { tenantId: 't', runId: 'r', attempt: number },
  } as unknown as Work;
  const hooks = { signal: new AbortController().signal, emitText: () => undefined };
  const deps = { executors: new Map([['asks', executor]]), fresh: createFreshLinks(undefined) };
  await attempt(deps, work, hooks);
  expect(isLast).toBe(expected);
});
