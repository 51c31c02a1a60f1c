import type { Value, ValueObject } from '@millrace/contracts';
import { compilePlan } from './compile.js';
import { evaluateConditions } from './conditions.js';
import { mergeOutputs } from './outputs.js';
import type { PlanNode } from './plan.js';
import { RunModel } from './run-model.js';
import { pythonStr } from './values/python.js';
import { resolveSelector } from './values/selector.js';
import { isObject } from './values/types.js';

/** Cases of dsl section 7 that need no containers, run by a tiny engine around the model. */
type Edge = [source: string, target: string, handle?: string];
const list = (value: Value | undefined): Value[] => (Array.isArray(value) ? value : []);

const node = (id: string, type: string, data: ValueObject = {}): Value => ({ id, data: { type, ...data } });
const code = (id: string, result: Value): Value => node(id, 'code', { result });
const onSwitch = (id: string, variable: string): Value =>
  node(id, 'if-else', {
    cases: [
      {
        case_id: 'true',
        logical_operator: 'and',
        conditions: [{ variable_selector: ['s', variable], comparison_operator: '=', value: '1' }],
      },
    ],
  });
const end = (outputs: Record<string, string[]>): Value =>
  node('e', 'end', {
    outputs: Object.entries(outputs).map(([variable, value_selector]) => ({ variable, value_selector })),
  });

function execute(nodes: Value[], edges: Edge[], inputs: ValueObject): { outputs: ValueObject; ran: string[] } {
  const graph = {
    nodes,
    edges: edges.map(([source, target, sourceHandle = 'source']) => ({ source, target, sourceHandle })),
  };
  const compiled = compilePlan({ graph }, { supportedTypes: new Set() });
  if (!compiled.ok) throw new Error(compiled.error);
  const { plan } = compiled;
  const pool = new Map<string, ValueObject>();
  const get = (selector: readonly string[]): Value | undefined => resolveSelector((key) => pool.get(key), selector);
  const ends: ValueObject[] = [];

  const perform = ({ type, data }: PlanNode): { outputs: ValueObject; handle: string } => {
    const read = (selector: Value | undefined): Value | undefined => get(list(selector).map(String));
    switch (type) {
      case 'start':
        return { outputs: inputs, handle: 'source' };
      case 'code':
        return { outputs: { result: data['result'] ?? null }, handle: 'source' };
      case 'variable-aggregator': {
        const groups = isObject(data['groups'] ?? null) ? Object.entries(data['groups'] as ValueObject) : [];
        return {
          outputs: Object.fromEntries(
            groups.map(([name, candidates]) => [
              name,
              list(candidates)
                .map(read)
                .find((value) => value !== undefined) ?? null,
            ]),
          ),
          handle: 'source',
        };
      }
      case 'end': {
        const outputs = list(data['outputs']).filter(isObject);
        return {
          outputs: Object.fromEntries(
            outputs.map((each) => [pythonStr(each['variable'] ?? ''), read(each['value_selector']) ?? null]),
          ),
          handle: 'source',
        };
      }
      default: {
        const [first] = list(data['cases']);
        const result = evaluateConditions(isObject(first) ? list(first['conditions']) : [], 'and', get);
        return { outputs: {}, handle: result.ok && result.result ? 'true' : 'false' };
      }
    }
  };

  const model = new RunModel(plan);
  const ran: string[] = [];
  const ready = model.start();
  for (let index = ready.shift(); index !== undefined; index = ready.shift()) {
    const current = plan.nodes[index] as PlanNode;
    model.begin(index);
    ran.push(current.id);
    const { outputs, handle } = perform(current);
    pool.set(current.id, outputs);
    if (current.type === 'end') ends.push(outputs);
    ready.push(...model.settle(index, { outcome: 'done', handle }).ready);
  }
  expect(model.ended).toBe(true);
  return { outputs: mergeOutputs(ends), ran };
}

it('one branch starts two codes in parallel, the other a third; one End lists all', () => {
  const nodes = [
    node('s', 'start'),
    onSwitch('i', 'switch'),
    code('c1', 'Code 1'),
    code('c2', 'Code 2'),
    code('c3', 'Code 3'),
    end({ '1': ['c1', 'result'], '2': ['c2', 'result'], '3': ['c3', 'result'] }),
  ];
  const edges: Edge[] = [
    ['s', 'i'],
    ['i', 'c1', 'true'],
    ['i', 'c2', 'true'],
    ['i', 'c3', 'false'],
    ['c1', 'e'],
    ['c2', 'e'],
    ['c3', 'e'],
  ];
  expect(execute(nodes, edges, { switch: 1 }).outputs).toEqual({ '1': 'Code 1', '2': 'Code 2', '3': null });
  expect(execute(nodes, edges, { switch: 0 }).outputs).toEqual({ '1': null, '2': null, '3': 'Code 3' });
});

it('two if-else into a grouped aggregator', () => {
  const groups = {
    group1: [
      ['on1', 'result'],
      ['off1', 'result'],
    ],
    group2: [
      ['on2', 'result'],
      ['off2', 'result'],
    ],
  };
  const nodes = [
    node('s', 'start'),
    onSwitch('i1', 'a'),
    onSwitch('i2', 'b'),
    code('on1', 'switch 1 on'),
    code('off1', 'switch 1 off'),
    code('on2', 'switch 2 on'),
    code('off2', 'switch 2 off'),
    node('g', 'variable-aggregator', { groups }),
    end({ group1: ['g', 'group1'], group2: ['g', 'group2'] }),
  ];
  const edges: Edge[] = [
    ['s', 'i1'],
    ['s', 'i2'],
    ['i1', 'on1', 'true'],
    ['i1', 'off1', 'false'],
    ['i2', 'on2', 'true'],
    ['i2', 'off2', 'false'],
    ['on1', 'g'],
    ['off1', 'g'],
    ['on2', 'g'],
    ['off2', 'g'],
    ['g', 'e'],
  ];
  expect(execute(nodes, edges, { a: 1, b: 0 }).outputs).toEqual({ group1: 'switch 1 on', group2: 'switch 2 off' });
});

it('both handles of one if-else into one node: it runs exactly once', () => {
  const nodes = [node('s', 'start'), onSwitch('i', 'x'), code('c', 1), end({ r: ['c', 'result'] })];
  const edges: Edge[] = [
    ['s', 'i'],
    ['i', 'c', 'true'],
    ['i', 'c', 'false'],
    ['c', 'e'],
  ];
  expect(execute(nodes, edges, { x: 1 })).toEqual({ outputs: { r: 1 }, ran: ['s', 'i', 'c', 'e'] });
});

it('a node behind a skipped and a taken branch runs once, after both are resolved', () => {
  const nodes = [
    node('s', 'start'),
    onSwitch('i', 'x'),
    code('slow', 1),
    code('gone', 2),
    code('join', 3),
    end({ r: ['join', 'result'] }),
  ];
  const edges: Edge[] = [
    ['s', 'i'],
    ['s', 'slow'],
    ['i', 'gone', 'true'],
    ['gone', 'join'],
    ['slow', 'join'],
    ['join', 'e'],
  ];
  expect(execute(nodes, edges, { x: 0 }).ran).toEqual(['s', 'i', 'slow', 'join', 'e']);
});

it('a handle without edges ends the run there', () => {
  expect(
    execute(
      [node('s', 'start'), onSwitch('i', 'x'), end({})],
      [
        ['s', 'i'],
        ['i', 'e', 'true'],
      ],
      { x: 0 },
    ),
  ).toEqual({ outputs: {}, ran: ['s', 'i'] });
});
