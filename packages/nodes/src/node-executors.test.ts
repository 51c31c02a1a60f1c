import { Float, type ModelInvoker, type NodeResult, type ValueObject } from '@millrace/contracts';
import { createNodeExecutors, supportedNodeTypes } from './node-executors.js';
import { memoryFiles } from './testing/memory-files.js';
import { nodeRequest } from './testing/request.js';

const unused = () => Promise.reject(new Error('not called here'));
const models: ModelInvoker = { invoke: unused };
const executors = createNodeExecutors({
  ...{ outbound: { open: unused }, models, code: { run: unused }, files: memoryFiles() },
});

async function run(
  type: string,
  data: ValueObject,
  pool: Record<string, ValueObject> = {},
  inputs: ValueObject = {},
): Promise<NodeResult> {
  const executor = executors.get(type);
  if (!executor) throw new Error(`no executor for ${type}`);
  return executor.execute(nodeRequest({ type, title: type, ...data }, pool, inputs).request);
}

it('covers exactly the types it says it supports', () => {
  expect([...executors.keys()].sort()).toEqual([...supportedNodeTypes].sort());
});

describe('start', () => {
  const variable = (extra: ValueObject) => ({
    variables: [{ variable: 'v', label: 'V', type: 'text-input', ...extra }],
  });

  it('passes the form values on', async () => {
    const inputs = { v: 'x', n: null };
    expect(await run('start', variable({ required: true }), {}, inputs)).toEqual({
      status: 'succeeded',
      inputs,
      outputs: inputs,
      processData: {},
      metadata: {},
      handle: 'source',
    });
    expect(await run('start', {}, {}, {})).toMatchObject({ status: 'succeeded', outputs: {} });
    const blank = await run('start', variable({ type: 'number', required: true }), {}, { v: null });
    expect(blank).toMatchObject({ status: 'succeeded', outputs: { v: null } });
  });

  it.each<[ValueObject, ValueObject, string]>([
    [{ type: 'json_object', required: true }, {}, 'v is required in input form'],
    [{ type: 'json_object', required: true }, { v: null }, 'v is required in input form'],
    [{ type: 'json_object' }, { v: 'text' }, "JSON object for 'v' must be an object"],
    [
      { type: 'json_object', json_schema: { type: 'object', required: ['a'] } },
      { v: {} },
      "JSON object for 'v' does not match schema: must have required property 'a'",
    ],
    [
      { type: 'json_object', json_schema: '{"properties":{"a":{"type":"integer"}}}' },
      { v: { a: 'x' } },
      "JSON object for 'v' does not match schema: /a must be integer",
    ],
    [{ type: 'json_object', json_schema: '{' }, { v: {} }, "The JSON schema of 'v' is not valid JSON"],
    [{ type: 'json_object', json_schema: { type: 'nonsense' } }, { v: {} }, 'Invalid JSON schema'],
  ])('%j with %j fails', async (extra, inputs, error) => {
    const result = await run('start', variable(extra), {}, inputs);
    expect(result).toMatchObject({ status: 'failed', errorType: 'WorkflowNodeError', inputs });
    expect(result.status === 'failed' && result.error).toContain(error);
  });

  it('accepts an object that matches', async () => {
    const rules = { type: 'json_object', json_schema: { properties: { a: { type: 'number' } } } };
    expect(await run('start', variable(rules), {}, { v: { a: new Float(2) } })).toMatchObject({ status: 'succeeded' });
    expect(await run('start', variable(rules), {}, { v: null })).toMatchObject({ status: 'succeeded' });
  });
});

describe('end', () => {
  it('resolves its selectors; what is missing is null', async () => {
    const outputs = [
      { variable: 'a', value_selector: ['x', 'y'], value_type: 'string' },
      { variable: 'b', value_selector: ['x', 'nope'] },
      { variable: 'c', value_selector: [] },
      { variable: 'd', value_selector: [1700000000001, 'y'] },
    ];
    const expected = { a: new Float(1), b: null, c: null, d: [1] };
    const result = await run('end', { outputs }, { x: { y: new Float(1) }, '1700000000001': { y: [1] } });
    expect(result).toMatchObject({ status: 'succeeded', inputs: expected, outputs: expected, handle: 'source' });
  });

  it('takes any name for an output', async () => {
    const outputs = ['__proto__', 'constructor', ''].map((variable) => ({ variable, value_selector: ['x', 'y'] }));
    const result = await run('end', { outputs }, { x: { y: 1 } });
    expect(result.status === 'succeeded' && Object.entries(result.outputs)).toEqual([
      ['__proto__', 1],
      ['constructor', 1],
      ['', 1],
    ]);
  });
});

describe('if-else', () => {
  const condition = (operator: string, value: ValueObject[string] = null, path = ['x', 'v']) => ({
    variable_selector: path,
    comparison_operator: operator,
    value,
  });
  const one = (conditions: ValueObject[], id = 'true', operator = 'and') => ({
    case_id: id,
    logical_operator: operator,
    conditions,
  });

  it('takes the first case that holds', async () => {
    const cases = [
      one([condition('is', 'a')]),
      one([condition('is', 'a'), condition('contains', '{{#x.part#}}')], 'c2', 'or'),
    ];
    expect(await run('if-else', { cases }, { x: { v: 'bcd', part: 'c' } })).toEqual({
      status: 'succeeded',
      handle: 'c2',
      outputs: { result: true, selected_case_id: 'c2' },
      inputs: {
        conditions: [
          { actual_value: 'bcd', expected_value: 'a', comparison_operator: 'is' },
          { actual_value: 'bcd', expected_value: 'c', comparison_operator: 'contains' },
        ],
      },
      processData: {
        condition_results: [
          { group: cases[0], results: [false], final_result: false },
          { group: cases[1], results: [false, true], final_result: true },
        ],
      },
      metadata: {},
    });
  });

  it('falls to `false`, and treats empty lists by their operator', async () => {
    const none = { status: 'succeeded', handle: 'false', outputs: { result: false, selected_case_id: 'false' } };
    expect(await run('if-else', { cases: [one([condition('is', 'z')])] }, { x: { v: 'a' } })).toMatchObject(none);
    expect(await run('if-else', { cases: [] })).toMatchObject({ ...none, inputs: { conditions: [] } });
    expect(await run('if-else', { cases: [one([], 'true', 'or')] })).toMatchObject(none);
    expect(await run('if-else', { cases: [one([])] })).toMatchObject({ handle: 'true' });
  });

  it('reads the old form', async () => {
    const data = { logical_operator: 'and', conditions: [condition('not empty')] };
    expect(await run('if-else', data, { x: { v: 'a' } })).toMatchObject({
      handle: 'true',
      outputs: { selected_case_id: 'true' },
      processData: { condition_results: [{ group: 'default' }] },
    });
    expect(await run('if-else', data, { x: { v: '' } })).toMatchObject({ handle: 'false' });
  });

  it.each<[ValueObject, ValueObject, string]>([
    [condition('is', 'a', ['x', 'nope']), {}, "Variable ['x', 'nope'] not found"],
    [condition('is', '1'), { v: 1 }, 'Invalid actual value type: string or boolean'],
    [condition('>', 'abc'), { v: 1 }, "Cannot convert 'abc' to number"],
  ])('fails on %j', async (broken, x, error) => {
    const result = await run('if-else', { cases: [one([broken])] }, { x });
    expect(result).toMatchObject({ status: 'failed', error, errorType: '' });
  });
});

describe('variable-aggregator', () => {
  const variables = [
    ['a', 'out'],
    ['b', 'out', 'deep'],
    ['c', 'out'],
  ];
  const grouped = (groups: ValueObject[]) => ({ variables: [], advanced_settings: { group_enabled: true, groups } });

  it.each<[string, ValueObject, Record<string, ValueObject>, ValueObject, ValueObject]>([
    [
      'the first that exists',
      { variables },
      { b: { out: { deep: 2 } }, c: { out: 3 } },
      { output: 2 },
      { 'out.deep': 2 },
    ],
    ['a null', { variables }, { a: { out: null }, c: { out: 3 } }, { output: null }, { out: null }],
    ['nothing', { variables }, {}, {}, {}],
    [
      'ignored groups',
      { variables, advanced_settings: { group_enabled: false, groups: [] } },
      { c: { out: 3 } },
      { output: 3 },
      { out: 3 },
    ],
    [
      'groups',
      grouped([
        {
          group_name: 'G1',
          output_type: 'string',
          variables: [
            ['a', 'out'],
            ['b', 'x'],
          ],
        },
        { group_name: 'G2', variables: [['nope', 'x']] },
      ]),
      { b: { x: 'v' } },
      { G1: { output: 'v' } },
      { x: 'v' },
    ],
  ])('takes %s', async (_, data, pool, outputs, inputs) => {
    expect(await run('variable-aggregator', data, pool)).toMatchObject({ status: 'succeeded', handle: 'source' });
    const result = await run('variable-aggregator', data, pool);
    expect(result.status === 'succeeded' && [result.outputs, result.inputs]).toEqual([outputs, inputs]);
  });
});

describe('template-transform', () => {
  const variables = [
    { variable: 'x', value_selector: ['a', 'v'] },
    { variable: 'gone', value_selector: ['a', 'nope'] },
  ];

  it('prints in Python form; a missing variable is None, an unknown name prints nothing', async () => {
    const template = '{{ x }} {{ gone }} [{{ unknown }}]\n';
    expect(await run('template-transform', { variables, template }, { a: { v: [true, new Float(1)] } })).toEqual({
      status: 'succeeded',
      inputs: { x: [true, new Float(1)], gone: null },
      outputs: { output: '[True, 1.0] None []' },
      processData: {},
      metadata: {},
      handle: 'source',
    });
  });

  it.each([
    ['{% if %}', "expected token 'expression', got 'end of tag' (line 1)"],
    ['{{ x.y.z }}', "'str object' has no attribute 'y'"],
    ['{{ x * 400001 }}', 'Output length exceeds 400000 characters'],
  ])('%s fails', async (template, error) => {
    expect(await run('template-transform', { variables, template }, { a: { v: 'a' } })).toMatchObject({
      status: 'failed',
      error,
      errorType: '',
      inputs: { x: 'a', gone: null },
    });
  });
});

it('a broken configuration fails the node, each time', async () => {
  const data = { type: 'end', outputs: 'none' };
  for (let i = 0; i < 2; i += 1) {
    expect(await run('end', data)).toMatchObject({
      status: 'failed',
      errorType: 'WorkflowNodeError',
      error: 'Invalid configuration: outputs: Invalid input: expected array, received string',
    });
  }
});
