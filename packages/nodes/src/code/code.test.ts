import {
  Float,
  type CodeRequest,
  type CodeResult,
  type NodeResult,
  type Value,
  type ValueObject,
} from '@millrace/contracts';
import { exactJson, objectOf, parseJson } from '@millrace/graph';
import { nodeRequest } from '../testing/request.js';
import { createCodeNode } from './code.js';
import type { CodeOutputLimits } from './limits.js';

/** A runner that gives back a recorded result; the real one is tested in its own package. */
function recorded(result: CodeResult | string) {
  const requests: CodeRequest[] = [];
  const run = async (request: CodeRequest): Promise<CodeResult> => {
    requests.push(request);
    return typeof result === 'string' ? { status: 'returned', value: result } : result;
  };
  return { run, requests };
}

const code = 'def main(x):\n    return {}';
const base = { code_language: 'python3', code, variables: [], outputs: {} };

async function runNode(
  result: CodeResult | string,
  data: ValueObject,
  { pool = {}, limits = {} }: { pool?: Record<string, ValueObject>; limits?: Partial<CodeOutputLimits> } = {},
): Promise<{ result: NodeResult; requests: CodeRequest[]; reported: ValueObject[] }> {
  const runner = recorded(result);
  const { request, reported } = nodeRequest({ ...base, ...data }, pool);
  const node = createCodeNode({ code: runner, codeOutputLimits: limits });
  return { result: await node.execute(request), requests: runner.requests, reported };
}

const declare = (outputs: Record<string, string>): ValueObject => ({
  outputs: Object.fromEntries(Object.entries(outputs).map(([name, type]) => [name, { type, children: null }])),
});

const image = { dify_model_identity: '__dify__file__', type: 'image', filename: 'a.png', size: 3 };

describe('inputs', () => {
  const from = (...value_selector: string[]) => ({ variables: [{ variable: 'x', value_selector }] });

  it.each<[string, ValueObject, Value | undefined, string]>([
    ['a missing variable', from('a', 'v'), undefined, '{"x":null}'],
    ['a null', from('a', 'v'), null, '{"x":null}'],
    ['no selector at all', { variables: [{ variable: 'x' }] }, 1, '{"x":null}'],
    ['a text', from('a', 'v'), 'é\n', '{"x":"é\\n"}'],
    ['an integer', from('a', 'v'), 1, '{"x":1}'],
    ['a float', from('a', 'v'), new Float(1), '{"x":1.0}'],
    ['NaN and infinities', from('a', 'v'), [Number.NaN, -1 / 0], '{"x":[NaN,-Infinity]}'],
    [
      'an object with whole numbers as keys',
      from('a', 'v'),
      parseJson('{"b":1,"2":0,"1":0}'),
      '{"x":{"b":1,"2":0,"1":0}}',
    ],
    ['a big integer', from('a', 'v'), 2n ** 70n, '{"x":1180591620717411303424}'],
    ['a boolean', from('a', 'v'), true, '{"x":true}'],
    ['an object', from('a', 'v'), { b: [1, new Float(2)] }, '{"x":{"b":[1,2.0]}}'],
    ['a member of an object', from('a', 'v', 'b'), { b: 'deep' }, '{"x":"deep"}'],
    ['an empty list', from('a', 'v'), [], '{"x":[]}'],
    ['a file', from('a', 'v'), image, `{"x":${JSON.stringify(image)}}`],
    ['files', from('a', 'v'), [image], `{"x":[${JSON.stringify(image)}]}`],
    [
      'an empty list of files',
      { variables: [{ variable: 'x', value_selector: ['a', 'v'], value_type: 'array[file]' }] },
      [],
      '{"x":null}',
    ],
  ])('%s', async (_, data, value, json) => {
    const { requests } = await runNode('{}', data, { pool: { a: value === undefined ? {} : { v: value } } });
    expect(requests.map(({ inputs }) => inputs)).toEqual([json]);
  });

  it('may have any name', async () => {
    const variables = ['b', '2', '__proto__', '1', 'toString'].map((variable) => ({
      variable,
      value_selector: ['a', 'v'],
    }));
    const { result, requests } = await runNode('{}', { variables }, { pool: { a: { v: 1 } } });
    const json = '{"b":1,"2":1,"__proto__":1,"1":1,"toString":1}';
    expect(requests[0]?.inputs).toBe(json);
    expect(exactJson(result.inputs)).toBe(json);
  });

  it('an empty sys.files is null', async () => {
    const { requests } = await runNode('{}', from('sys', 'files'), { pool: { sys: { files: [] } } });
    expect(requests[0]?.inputs).toBe('{"x":null}');
  });

  it('go to the runner with tenant, language and source, and are reported before it starts', async () => {
    const data = { ...from('a', 'v'), code_language: 'javascript', code: 'function main({x}) { return {} }' };
    const { result, requests, reported } = await runNode('{}', data, { pool: { a: { v: 5 } } });
    expect(requests).toMatchObject([
      {
        tenantId: 't',
        language: 'javascript',
        code: data.code,
        inputs: '{"x":5}',
        signal: expect.any(AbortSignal) as AbortSignal,
      },
    ]);
    expect(reported).toEqual([{ x: 5 }]);
    expect(result).toEqual({
      ...{ status: 'succeeded', inputs: { x: 5 }, outputs: {}, handle: 'source', processData: {}, metadata: {} },
    });
  });
});

describe('result', () => {
  it.each([
    ['[]', 'list'],
    ['null', 'NoneType'],
    ['"x"', 'str'],
    ['1', 'int'],
    ['1.0', 'float'],
    ['true', 'bool'],
  ])('%s is no mapping', async (json, type) => {
    const { result } = await runNode(json, {});
    expect(result).toMatchObject({
      status: 'failed',
      error: `Result must be a dict, got ${type}`,
      errorType: 'CodeExecutionError',
    });
  });

  it.each<[string, string, string, Value]>([
    ['a text in exponent notation becomes a float', 'number', '{"x":"1e+3"}', new Float(1000)],
    ['so does one with a fraction', 'number', '{"x":"-1.5E-7"}', -1.5e-7],
    ['and one with a bare point', 'number', '{"x":"1.e+2"}', new Float(100)],
    ['at any depth', 'object', '{"x":{"a":["2e+1"],"b":{"c":"3e-1"}}}', { a: [new Float(20)], b: { c: 0.3 } }],
    ['an exponent without sign stays text', 'string', '{"x":"1e3"}', '1e3'],
    ['text around it stays text', 'string', '{"x":"v1e+3"}', 'v1e+3'],
    ['with digits of any script and a last line end', 'number', '{"x":"\u0661.\u0665e+2\\n"}', new Float(150)],
    ['a second line stays text', 'string', '{"x":"1e+3\\n\\n"}', '1e+3\n\n'],
    ['one too large is an infinity', 'boolean', '{"x":"1e+999"}', Number.POSITIVE_INFINITY],
    ['a sign of plus stays text', 'string', '{"x":"+1e+3"}', '+1e+3'],
    ['long digits cost linear time', 'string', `{"x":"${'1'.repeat(300_000)}"}`, '1'.repeat(300_000)],
  ])('%s', async (_, type, json, x) => {
    const data = { outputs: { x: { type } } };
    const { result } = await runNode(json, data);
    expect(result).toMatchObject({ status: 'succeeded', outputs: { x } });
  });

  it('converts before it checks: a declared text that looks like a number is one', async () => {
    const { result } = await runNode('{"x":"1e+3"}', declare({ x: 'string' }));
    expect(result).toMatchObject({ error: 'Output x must be a string, got float instead.' });
  });

  it.each([
    '{"__proto__":1}',
    '{"constructor":1,"toString":{"__proto__":[2]},"hasOwnProperty":null}',
    '{"b":1,"10":2,"9":{"x":0,"1":NaN,"0":-Infinity}}',
  ])('%s keeps names, order and numbers', async (json) => {
    const outputs = objectOf(Object.keys(parseJson(json) as ValueObject).map((name) => [name, { type: 'boolean' }]));
    const { result } = await runNode(json, { outputs });
    expect(result.status === 'succeeded' && exactJson(result.outputs)).toBe(json);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it.each(['__proto__', 'constructor', 'toString'])('an output %s that is not there is missing', async (name) => {
    const { result } = await runNode('{}', { outputs: objectOf([[name, { type: 'number' }]]) });
    expect(result).toMatchObject({ status: 'failed', error: `Output ${name} is missing.` });
  });

  it('checks the members that an output describes, whatever their names', async () => {
    const children = objectOf([
      ['__proto__', { type: 'number' }],
      ['1', { type: 'string' }],
    ]);
    const outputs = { x: { type: 'object', children } };
    const good = await runNode('{"x":{"__proto__":1,"1":"a"}}', { outputs });
    expect(good.result.status === 'succeeded' && exactJson(good.result.outputs)).toBe('{"x":{"__proto__":1,"1":"a"}}');
    const bad = await runNode('{"x":{"__proto__":"1","1":"a"}}', { outputs });
    expect(bad.result).toMatchObject({ error: "Output x.__proto__ is not a number, got <class 'str'> instead." });
  });

  it('keeps integers, floats and big integers apart', async () => {
    const { result } = await runNode(
      '{"a":1,"b":1.0,"c":9007199254740993}',
      declare({ a: 'number', b: 'number', c: 'number' }),
    );
    expect(result).toMatchObject({ outputs: { a: 1, b: new Float(1), c: 9007199254740993n } });
  });

  it('that nests like an attack is refused before anything recurses', async () => {
    const nested = `${'['.repeat(100_000)}1.0${']'.repeat(100_000)}`;
    const { result } = await runNode(`{"x":${nested}}`, declare({ x: 'boolean' }));
    expect(result).toMatchObject({
      status: 'failed',
      error: 'Depth limit 200 reached, object too deep.',
      errorType: 'DepthLimitError',
    });
    const brackets = JSON.stringify({ x: '[{"'.repeat(1000) });
    expect((await runNode(brackets, declare({ x: 'string' }))).result).toMatchObject({ status: 'succeeded' });
  });
});

it('a result that the cage takes for JSON but nobody can read is a failure of the code', async () => {
  const { result } = await runNode(`{"x":${'1'.repeat(5_000)}}`, declare({ x: 'number' }));
  expect(result).toMatchObject({
    ...{ status: 'failed', errorType: 'CodeExecutionError' },
    error: 'The result cannot be read: An integer has more than 4300 digits',
  });
});

describe('failures', () => {
  it.each<CodeResult>([
    { status: 'failed', error: "TypeError: main() got an unexpected keyword argument 'x'" },
    { status: 'failed', error: 'The code ran into its time limit of 15 s', limit: 'time' },
  ])('%j keep the text of the runner', async (failure) => {
    const { result } = await runNode(failure, { variables: [{ variable: 'x', value_selector: ['a', 'v'] }] });
    expect(result).toEqual({
      ...{ status: 'failed', errorType: 'CodeExecutionError', inputs: { x: null }, processData: {}, metadata: {} },
      error: failure.status === 'failed' && failure.error,
    });
  });

  it('an unknown language names itself', async () => {
    const { result, requests } = await runNode('{}', { code_language: 'ruby' });
    expect(result).toMatchObject({
      status: 'failed',
      error: 'Unsupported language ruby',
      errorType: 'CodeExecutionError',
    });
    expect(requests).toEqual([]);
  });

  it('an aborted execution rejects with its reason', async () => {
    const { request, controller } = nodeRequest(base);
    const node = createCodeNode({
      code: {
        run: async ({ signal }) => {
          controller.abort(new Error('stopped'));
          throw signal.reason;
        },
      },
    });
    await expect(node.execute(request)).rejects.toThrow('stopped');
  });

  it('a broken runner is not the fault of the user', async () => {
    const node = createCodeNode({ code: { run: () => Promise.reject(new Error('no helper process')) } });
    await expect(node.execute(nodeRequest(base).request)).rejects.toThrow('no helper process');
  });
});

it('limits can be set', async () => {
  const outputs = declare({ x: 'string' });
  expect((await runNode('{"x":"abcd"}', outputs, { limits: { maxStringLength: 3 } })).result).toMatchObject({
    status: 'failed',
    error: 'The length of output variable `x` must be less than 3 characters',
  });
  expect((await runNode('{"x":"abc"}', outputs, { limits: { maxStringLength: 3 } })).result.status).toBe('succeeded');
});
