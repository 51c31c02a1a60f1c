import { Float, type ModelRequest, type ModelUsage, type ValueObject } from '@millrace/contracts';
import { memoryFiles } from '../testing/memory-files.js';
import { createChecks } from '../checks/checks.js';
import { nodeRequest } from '../testing/request.js';
import { createLlmNode } from './llm.js';

const person: ValueObject = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer' },
    tags: { type: 'array', items: { enum: ['a', 'b'] } },
  },
  required: ['name', 'age'],
  additionalProperties: false,
};

async function run(text: string, schema: unknown = person, more: ValueObject = {}) {
  const calls: ModelRequest[] = [];
  const usage = { total_tokens: 7, total_price: '0.5', currency: 'USD', latency: 1 } as ModelUsage;
  const node = createLlmNode({
    checks: createChecks(),
    files: memoryFiles(),
    models: {
      invoke: async (request) => {
        calls.push(request);
        return { text, finishReason: 'stop', usage };
      },
    },
  });
  const { request } = nodeRequest({
    type: 'llm',
    model: { provider: 'openai', name: 'm', mode: 'chat' },
    prompt_template: [{ role: 'user', text: 'Who?' }],
    structured_output_enabled: true,
    structured_output: { schema } as ValueObject,
    ...more,
  });
  return { result: await node.execute(request), calls };
}

describe('structured output', () => {
  it.each<[string, string]>([
    ['plain', '{"name": "Ada", "age": 36}'],
    ['fenced', 'Here you are:\n```json\n{"name": "Ada", "age": 36}\n```\nAnything else?'],
    ['behind reasoning', '<think>{"name": 1}</think>\n{"name": "Ada", "age": 36}'],
    ['among words', 'Sure! {"name": "Ada", "age": 36} Bye.'],
    ['careless', '{name: \'Ada\', "age": 36,}'],
    ['cut off', '{"name": "Ada", "age": 36'],
    ['in a list', '[{"name": "Ada", "age": 36}]'],
  ])('is found in an answer that is %s', async (_, text) => {
    const { result, calls } = await run(text);
    expect(result).toMatchObject({
      status: 'succeeded',
      outputs: { text, structured_output: { name: 'Ada', age: 36 } },
    });
    expect(calls[0]?.outputSchema).toEqual(person);
  });

  it('keeps the backslashes of formulas and paths, as Dify does', async () => {
    const text = '{"sum": "\\\\(\\sum_{i} x\\)", "path": "C:\\dir", "lines": "a\nb", "said": "\\"so\\"\\u0021"}';
    const { result } = await run(text, { type: 'object' });
    expect(result).toMatchObject({
      outputs: {
        structured_output: { sum: '\\(\\sum_{i} x\\)', path: 'C:\\dir', lines: 'a\nb', said: '"so"!' },
      },
    });
  });

  it('keeps integers and floats apart', async () => {
    const { result } = await run('{"i": 1, "f": 1.0, "n": 0.5, "big": 12345678901234567890}', { type: 'object' });
    expect(result).toMatchObject({
      outputs: { structured_output: { i: 1, f: new Float(1), n: 0.5, big: 12345678901234567890n } },
    });
  });

  const invalid = (path: string, why: string) =>
    `Structured output validation failed (stage=result, path=${path}): ${why}`;
  it.each<[string, string]>([
    ['{"name": "Ada"}', invalid('$', "'age' is a required property")],
    ['{"name": "Ada", "age": "x"}', invalid('$.age', "'x' is not of type 'integer'")],
    ['{"name": "Ada", "age": 1.5}', invalid('$.age', "1.5 is not of type 'integer'")],
    ['{"name": "Ada", "age": 1, "tags": ["a", "c"]}', invalid('$.tags[1]', "'c' is not one of ['a', 'b']")],
    [
      '{"name": "Ada", "age": 1, "more": 2}',
      invalid('$', "Additional properties are not allowed ('more' was unexpected)"),
    ],
    ['{"name": null, "more": {"x": true}}', invalid('$', "'age' is a required property")],
    ['no object at all', 'Failed to parse structured output (stage=result, path=$): the answer holds no JSON object'],
    ['[1, 2]', 'Failed to parse structured output (stage=result, path=$): the answer holds no JSON object'],
  ])('%s fails', async (text, error) => {
    const { result } = await run(text);
    expect(result).toMatchObject({ status: 'failed', error, errorType: 'LLMNodeError' });
    // The tokens are spent all the same.
    expect(result.metadata).toEqual({ total_tokens: 7, total_price: '0.5', currency: 'USD' });
  });

  const wrong = (path: string, why: string) => `Invalid structured output schema (stage=schema, path=${path}): ${why}`;
  it.each<[unknown, string]>([
    ['text', wrong('$.schema', 'expected a JSON object')],
    [
      { type: 'object', properties: { a: { type: 'nope' } } },
      wrong('$.properties.a.type', "'nope' is not valid under any of the given schemas"),
    ],
    [{ type: 'object', required: 'a' }, wrong('$.required', "'a' is not of type 'array'")],
  ])('%j is no schema', async (schema, error) => {
    const { result, calls } = await run('{}', schema);
    expect(result).toMatchObject({ status: 'failed', error, errorType: 'LLMNodeError' });
    expect(calls).toEqual([]);
  });

  it.each<[string, ValueObject, boolean]>([
    ['enabled', { structured_output_enabled: true }, true],
    ['switched on', { structured_output_enabled: null, structured_output_switch_on: true }, true],
    ['switched off', { structured_output_enabled: true, structured_output_switch_on: false }, false],
    ['without a block', { structured_output_enabled: true, structured_output: null }, false],
    ['not enabled', { structured_output_enabled: false }, false],
  ])('%s', async (_, more, active) => {
    const { result } = await run('{"name": "Ada", "age": 36}', person, more);
    expect('outputs' in result && 'structured_output' in result.outputs).toBe(active);
  });
});

it.each<[string, string, unknown, string]>([
  [
    'a pattern that backtracks',
    JSON.stringify({ a: `${'a'.repeat(60)}b` }),
    { properties: { a: { pattern: '^(a+)+$' } } },
    'Structured output validation failed (stage=result, path=$): the check took longer than 2000 ms',
  ],
  [
    'an answer that takes long to mend',
    `["a${'"a'.repeat(150_000)}`,
    { type: 'object' },
    'Failed to parse structured output (stage=result, path=$): the text takes too long to mend',
  ],
])('%s does not hold up other runs', async (_, text, schema, error) => {
  expect((await run(text, schema)).result).toMatchObject({ status: 'failed', error });
});

it('an answer full of beginnings costs linear time', async () => {
  const text = `${'<think '.repeat(500_000)}{"a": 1}`;
  expect((await run(text, { type: 'object' })).result).toMatchObject({ outputs: { structured_output: { a: 1 } } });
});
