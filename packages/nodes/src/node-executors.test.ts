import { Float, type ModelInvoker, type NodeResult, type Value, type ValueObject } from '@millrace/contracts';
import { exactJson, parseJson } from '@millrace/graph';
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
    expect(result).toEqual({
      ...{ status: 'succeeded', inputs: expected, outputs: expected, handle: 'source' },
      ...{ processData: {}, metadata: {} },
    });
  });

  const file = { dify_model_identity: '__dify__file__', filename: 'a.pdf', size: 3 };
  it.each<[string, string[], Value]>([
    ['a null', ['x', 'none'], null],
    ['a member', ['x', 'deep', 'a'], [true]],
    ['a member that is null', ['x', 'deep', 'n'], null],
    ['an index, which nothing has', ['x', 'list', '0'], null],
    ['a file', ['x', 'file'], file],
    ['an attribute of a file', ['x', 'file', 'name'], 'a.pdf'],
    ['a whole node', ['x'], null],
    ['a value of another type than declared', ['x', 'list'], [1]],
  ])('%s', async (_, value_selector, o) => {
    const pool = { x: { none: null, deep: { a: [true], n: null }, list: [1], file } };
    const outputs = [{ variable: 'o', value_selector, value_type: 'string' }];
    expect(await run('end', { outputs }, pool)).toMatchObject({ status: 'succeeded', outputs: { o } });
  });

  it('of two outputs of one name the later counts', async () => {
    const outputs = ['a', 'b'].map((name) => ({ variable: 'o', value_selector: ['x', name] }));
    expect(await run('end', { outputs }, { x: { a: 1, b: 2 } })).toMatchObject({ outputs: { o: 2 } });
  });

  it('keeps the order of its outputs and of their keys', async () => {
    const outputs = ['b', '2', '1'].map((variable) => ({ variable, value_selector: ['x', 'y'] }));
    const result = await run('end', { outputs }, { x: { y: parseJson('{"c":0,"0":1}') } });
    expect(result.status === 'succeeded' && JSON.stringify(result.outputs)).toBe(
      '{"b":{"c":0,"0":1},"2":{"c":0,"0":1},"1":{"c":0,"0":1}}',
    );
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

  it('reports what the last case looked at, also when it did not hold', async () => {
    const cases = [one([condition('is', 'a')]), one([condition('exists'), condition('is', 'b')], 'c2')];
    expect(await run('if-else', { cases }, { x: { v: 'z' } })).toMatchObject({
      handle: 'false',
      inputs: { conditions: [{ actual_value: 'z', expected_value: 'b', comparison_operator: 'is' }] },
      processData: {
        condition_results: [
          { group: { case_id: 'true' }, results: [false], final_result: false },
          { group: { case_id: 'c2' }, results: [true, false], final_result: false },
        ],
      },
    });
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
    [condition('contains', 'x'), { v: [{ dify_model_identity: '__dify__file__' }] }, 'Sub variable is required'],
    [condition('like', 'x'), { v: 1 }, 'Unsupported operator: like'],
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
    [
      'the first in the order of the list, not of arrival',
      { variables: [['c', 'out'], ...variables] },
      { a: { out: 1 }, b: { out: { deep: 2 } }, c: { out: 3 } },
      { output: 3 },
      { out: 3 },
    ],
    [
      'any type, whatever is declared',
      { output_type: 'string', variables },
      { a: { out: [1] } },
      { output: [1] },
      { out: [1] },
    ],
    ['no member that is missing', { variables }, { b: { out: {} } }, {}, {}],
    [
      'nulls in groups',
      grouped([
        { group_name: 'G1', variables: [['a', 'out']] },
        { group_name: 'G2', variables: [['b', 'y']] },
      ]),
      { a: { out: null }, b: { y: 0 } },
      { G1: { output: null }, G2: { output: 0 } },
      { out: null, y: 0 },
    ],
    ['groups only', { ...grouped([]), variables }, { a: { out: 1 } }, {}, {}],
  ])('takes %s', async (_, data, pool, outputs, inputs) => {
    expect(await run('variable-aggregator', data, pool)).toEqual({
      ...{ status: 'succeeded', handle: 'source', outputs, inputs, processData: {}, metadata: {} },
    });
  });
});

it('variable-aggregator takes any name for a group, and keeps their order', async () => {
  const groups = ['b', '2', '__proto__', '1'].map((group_name) => ({
    group_name,
    variables: [['a', 'x', group_name]],
  }));
  const x = parseJson('{"b":1,"2":2,"__proto__":3,"1":4}');
  const result = await run('variable-aggregator', { advanced_settings: { group_enabled: true, groups } }, { a: { x } });
  expect(result.status === 'succeeded' && exactJson(result.outputs)).toBe(
    '{"b":{"output":1},"2":{"output":2},"__proto__":{"output":3},"1":{"output":4}}',
  );
  expect(Object.keys(result.inputs)).toEqual(['x.b', 'x.2', 'x.__proto__', 'x.1']);
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

  const file = { dify_model_identity: '__dify__file__', filename: 'a.pdf', size: 3 };
  it.each<[string, Value, string]>([
    ['{{ x.b }} {{ x["b"] }} {{ x.list[0] }} {{ x.list[-1:] }}', { b: 1, list: ['p', 'q'] }, "1 1 p ['q']"],
    ['{{ x }}', { a: null, b: [true, new Float(1)] }, "{'a': None, 'b': [True, 1.0]}"],
    ['{{ x }}', null, 'None'],
    ['{{ x.filename }} {{ x.size }}', file, 'a.pdf 3'],
    ['{% for i in x %}{{ loop.index }}{{ i }}{% endfor %}', ['a', 'b'], '1a2b'],
    ['{{ x | join(", ") }} {{ x[0] | float }}', ['1', '2'], '1, 2 1.0'],
    ['<{{ x }}>', '<b>"&"</b>', '<<b>"&"</b>>'],
    ['{% if x %}\n  a\n{% endif %}\nb\n\n', true, '\n  a\n\nb\n'],
    ['{{ x | tojson }}', { b: '<', a: "&'>" }, '{"a": "\\u0026\\u0027\\u003e", "b": "\\u003c"}'],
    ['{{ "x" * 400000 }}', null, 'x'.repeat(400_000)],
  ])('%j of %j', async (template, v, output) => {
    expect(await run('template-transform', { variables, template }, { a: { v } })).toMatchObject({
      outputs: { output },
    });
  });

  it('takes any name for a variable, and keeps the order of keys', async () => {
    const named = ['b', '2', '__proto__', 'constructor', '1'].map((variable) => ({
      variable,
      value_selector: ['a', 'v'],
    }));
    const template = '{{ __proto__ }}{{ constructor }}{{ toString }}{% for k in b %}{{ k }}{% endfor %}';
    const result = await run(
      'template-transform',
      { variables: named, template },
      { a: { v: parseJson('{"c":0,"0":1}') } },
    );
    expect(result).toMatchObject({ outputs: { output: "{'c': 0, '0': 1}{'c': 0, '0': 1}c0" } });
    expect(Object.keys(result.inputs)).toEqual(['b', '2', '__proto__', 'constructor', '1']);
  });

  it.each<[Value, string]>([
    [Number.NaN, 'nan'],
    [Number.NEGATIVE_INFINITY, '-inf'],
    [{ a: [Number.NaN, Number.POSITIVE_INFINITY] }, "{'a': [nan, inf]}"],
  ])('prints %p as Python does', async (v, output) => {
    expect(await run('template-transform', { variables, template: '{{ x }}' }, { a: { v } })).toMatchObject({
      outputs: { output },
    });
  });

  it.each([
    ['{% if %}', "expected token 'expression', got 'end of tag' (line 1)"],
    ['{{ x.y.z }}', "'str object' has no attribute 'y'"],
    ['{{ x * 400001 }}', 'Output length exceeds 400000 characters'],
    ['{{ x | nothing }}', "No filter named 'nothing'."],
    ['{{ gone.y.z }}', "'None' has no attribute 'y'"],
    ['{{ unknown.y }}', "'unknown' is undefined"],
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
