import type { Value, ValueObject } from '@millrace/contracts';
import { exportedGraph } from './export-data.js';

const exported = (data: ValueObject): Value => {
  const graph = exportedGraph({ nodes: [{ id: 'n', data }], viewport: { x: 1 } });
  return (graph as { nodes: { data: Value }[] }).nodes[0]?.data ?? null;
};
const schedule = { mode: 'visual', frequency: 'daily', timezone: 'UTC', cron_expression: '' };
const local = { transfer_method: 'local_file', upload_file_id: 'x' };
const remote = { transfer_method: 'remote_url', url: 'http://h/a' };

/** dsl 1.15 */
it.each<[ValueObject, ValueObject]>([
  [
    { type: 'tool', credential_id: 'c', tool_name: 't' },
    { type: 'tool', tool_name: 't' },
  ],
  [
    { type: 'agent', agent_parameters: { tools: { value: [{ credential_id: 'c', enabled: true }] } } },
    { type: 'agent', agent_parameters: { tools: { value: [{ enabled: true }] } } },
  ],
  [{ type: 'agent' }, { type: 'agent' }],
  [
    { type: 'trigger-webhook', webhook_url: 'http://h/1', webhook_debug_url: 'http://h/2', method: 'get' },
    { type: 'trigger-webhook', webhook_url: '', webhook_debug_url: '', method: 'get' },
  ],
  [
    { type: 'trigger-plugin', subscription_id: 's' },
    { type: 'trigger-plugin', subscription_id: '' },
  ],
  [
    {
      type: 'start',
      variables: [{ default: local }, { default: [local, remote] }, { default: remote }, { default: 'x' }, 5],
    },
    { type: 'start', variables: [{}, { default: [remote] }, { default: remote }, { default: 'x' }, 5] },
  ],
  [
    { type: 'llm', credential_id: 'c' },
    { type: 'llm', credential_id: 'c' },
  ],
])('%j becomes %j', (data, expected) => {
  expect(exported(data)).toEqual(expected);
});

it('replaces a schedule by the one of a new trigger', () => {
  expect(exported({ type: 'trigger-schedule', title: 'T', mode: 'cron', cron_expression: '* * * * *' })).toMatchObject({
    ...schedule,
    title: 'T',
  });
});

it.each<Value>([null, {}, { nodes: {} }, { nodes: [null, 'x', { id: 'n' }] }])('leaves %j as it is', (graph) => {
  expect(exportedGraph(graph)).toEqual(graph);
});
