import type { ValueObject } from '@millrace/contracts';
import { createCodeNode } from './code/code.js';
import { createEndNode } from './end/end.js';
import { nodeRequest } from './testing/request.js';

const long = 'x'.repeat(1_000_000);
const names = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`);
const tooLong = {
  ...{ status: 'failed', errorType: 'TextSizeError', inputs: {}, processData: {} },
  error: 'The values of the node have more than 50331648 characters',
};

async function end(count: number, value: ValueObject[string] = long) {
  const outputs = names(count).map((variable) => ({ variable, value_selector: ['a', 'long'] }));
  const { request } = nodeRequest({ type: 'end', title: 'E', outputs }, { a: { long: value } });
  return createEndNode().execute(request);
}

it('many outputs of one long text fail the node, not the worker', async () => {
  // Each is shown twice, as input and as output.
  expect(await end(20)).toMatchObject({ status: 'succeeded' });
  expect(await end(30)).toEqual({ ...tooLong, metadata: {} });
  expect(await end(100_000)).toEqual({ ...tooLong, metadata: {} });
  expect(await end(100, { deep: [{ er: long }] })).toEqual({ ...tooLong, metadata: {} });
});

it('many inputs of one long text fail code before it is begun', async () => {
  const variables = names(1_000).map((variable) => ({ variable, value_selector: ['a', 'long'] }));
  const data = { type: 'code', title: 'C', code_language: 'python3', code: '', outputs: {}, variables };
  const { request, reported } = nodeRequest(data, { a: { long } });
  const node = createCodeNode({ code: { run: () => Promise.reject(new Error('must not run')) } });
  expect(await node.execute(request)).toEqual({ ...tooLong, metadata: {} });
  expect(reported).toEqual([]);
});
