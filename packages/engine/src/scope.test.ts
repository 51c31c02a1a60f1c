import type { RunContext, Value } from '@millrace/contracts';
import { compilePlan, renderTemplate, type Plan } from '@millrace/graph';
import { createScope } from './scope.js';

const run: RunContext = {
  tenantId: 't',
  appId: 'app',
  versionId: 'version',
  runId: 'run',
  user: 'ann',
  createdAtMs: 1_700_000_000_999,
} as RunContext;

const workflow = (nodes: Value[]) => ({
  graph: { nodes: [{ id: 's', data: { type: 'start' } }, ...nodes], edges: [] },
  environment_variables: [{ name: 'TOKEN', value: 'hush', value_type: 'secret' }],
  conversation_variables: [{ name: 'turns', value: 1, value_type: 'number' }],
});

function planOf(nodes: Value[] = []): Plan {
  const compiled = compilePlan(workflow(nodes), { supportedTypes: new Set(['start']) });
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.plan;
}

const scope = createScope(planOf(), run, ['s'], ['{"q":"hi","l":[1.0,{"a":null}]}'], (_, value) => value);

it.each<[string[], Value | undefined]>([
  [['s', 'q'], 'hi'],
  [['s', 'gone'], undefined],
  [['sys', 'files'], []],
  [['sys', 'user_id'], 'ann'],
  [['sys', 'app_id'], 'app'],
  [['sys', 'workflow_id'], 'version'],
  [['sys', 'workflow_run_id'], 'run'],
  [['sys', 'timestamp'], 1_700_000_000],
  [['sys', 'query'], undefined],
  [['sys', 'conversation_id'], undefined],
  [['userinput', 'files'], []],
  [['env', 'TOKEN'], 'hush'],
  [['env', 'GONE'], undefined],
  // A workflow has no conversation, whatever its file says.
  [['conversation', 'turns'], undefined],
  // Old files find system variables under the start node, and only there.
  [['s', 'sys.user_id'], 'ann'],
  [['s', 'env.TOKEN'], 'hush'],
  [['s', 'conversation.turns'], undefined],
  [['other', 'sys.user_id'], undefined],
])('a node finds %j (dsl 2)', (selector, value) => {
  expect(scope.get(selector)).toEqual(value);
});

it('leaves the path of what a workflow does not have', () => {
  expect(renderTemplate('{{#conversation.turns#}} {{#sys.query#}} {{#s.q#}}', scope.get)).toBe(
    'conversation.turns sys.query hi',
  );
});
