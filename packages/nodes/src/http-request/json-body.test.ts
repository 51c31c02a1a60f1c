import type { Value, ValueObject } from '@millrace/contracts';
import { isObject, parseJson } from '@millrace/graph';
import { createChecks } from '../checks/checks.js';
import { parseAnswer } from '../checks/parse-answer.js';
import { jsonRepairCases } from '../mend/json-repair-cases.js';
import { renderJsonBody } from './json-body.js';

const checks = createChecks();

const render = (template: string, values: ValueObject = {}) =>
  renderJsonBody(
    template,
    ([node, name]) => (node === 'v' ? values[name ?? ''] : undefined),
    async (text) => {
      const finding = await checks.check('t', { kind: 'mend', schema: '', text });
      return 'json' in finding ? finding.json : undefined;
    },
  );

const cases = jsonRepairCases.map(([text, recorded, ours = recorded]) => ({ text, ours }));
describe.each(cases)('$text', ({ text, ours }) => {
  it(`is sent as ${ours}`, async () => {
    if (ours === null) await expect(render(text)).rejects.toThrow(`Failed to parse JSON: ${text}`);
    else expect(await render(text)).toBe(ours);
  });

  it('is read alike as the answer of a model', () => {
    const sent = ours === null ? null : parseJson(ours);
    const object = Array.isArray(sent) ? sent.find(isObject) : sent;
    const answer = parseAnswer(text);
    // Reasoning is no part of an answer.
    if (text.startsWith('<think>')) expect(answer).toEqual({ a: 1 });
    else if (isObject(object)) expect(answer).toEqual(object);
    // What nobody can send can be read all the same.
    else if (!/NaN|Infinity/.test(text)) expect(answer).toContain('the answer holds no JSON object');
  });
});

describe('JSON bodies', () => {
  it.each([
    ['{"a": 1}', '{"a":1}'],
    [' [ ] ', '[]'],
    ['"text"', '"text"'],
    ['12', '12'],
    ['null', 'null'],
    [
      '{"a": 12345678901234567890, "b": 1.0, "c": 1e3, "d": 0.10, "e": -0.0}',
      '{"a":12345678901234567890,"b":1.0,"c":1000.0,"d":0.1,"e":-0.0}',
    ],
    ['{"b": 1, "a": 2, "b": 3}', '{"b":3,"a":2}'],
    ['{"é": "日本 \\u00e9 👍"}', '{"é":"日本 é 👍"}'],
  ])('strict JSON is written again: %s', async (text, body) => expect(await render(text)).toBe(body));

  it.each([
    ["{a: 'x', 'b': [1,2,],}", '{"a":"x","b":[1,2]}'],
    ['{a: 12345678901234567890, b: 1.0, c: 1e3}', '{"a":12345678901234567890,"b":1.0,"c":1000.0}'],
    ['{"a": "line\nbreak\ttab"}', '{"a":"line\\nbreak\\ttab"}'],
    ['{"a": "he said "hi" to me"}', '{"a":"he said \\"hi\\" to me"}'],
    ["{'a': True, 'b': None, 'c': False}", '{"a":true,"b":null,"c":false}'],
    ["[{'a': None, 'b': 1.0}]", '[{"a":null,"b":1.0}]'],
    ['{"a": 1', '{"a":1}'],
    ['{"a": [1, 2', '{"a":[1,2]}'],
    ['{"a": "x', '{"a":"x"}'],
    ['{"a": 1 "b": 2}', '{"a":1,"b":2}'],
    ['[1 2 3]', '[1,2,3]'],
    ['{"a": 1} // note', '{"a":1}'],
    ['/* note */ {"a": 1}', '{"a":1}'],
    ['```json\n{"a": 1}\n```', '{"a":1}'],
    ['{"a": hello world, "b": 1}', '{"a":"hello world","b":1}'],
    ['{"url": http://x.y/z?a=1}', '{"url":"http://x.y/z?a=1"}'],
    ['{“a”: “b”}', '{"a":"b"}'],
    ['{"a": "x"}}', '{"a":"x"}'],
    ['{"a": .5}', '{"a":0.5}'],
    ['{"a": 2024-01-01}', '{"a":"2024-01-01"}'],
    ['{"re": "\\d+\\.\\w \\u00zz", "dir": "C:\\dir"}', '{"re":"\\\\d+\\\\.\\\\w \\\\u00zz","dir":"C:\\\\dir"}'],
    ["{'a': 'x\\'y', 'b': '\\d'}", '{"a":"x\'y","b":"\\\\d"}'],
    ['Here it is: {"a": 1} Anything else?', '{"a":1}'],
    ['See [1, 2,] there', '[1,2]'],
  ])('repairs %s', async (text, body) => expect(await render(text)).toBe(body));

  const inString = '{"q": "{{#v.x#}}", "n": 1}';
  it.each<[string, Value, string]>([
    ['quotes', 'he said "no", then left', 'he said "no", then left'],
    ['a quote at each end', '"hi"', '"hi"'],
    ['only a quote', '"', '"'],
    ['JSON', '{"x": "y", "z": ["w"]}', '{"x": "y", "z": ["w"]}'],
    ['an object', { x: 'y' }, '{"x": "y"}'],
    ['a list', ['a', 'b'], '["a", "b"]'],
    ['lines', 'first\r\n\nsecond "quoted"\tthird', 'first\r\n\nsecond "quoted"\tthird'],
    ['a path', 'C:\\users "me"', 'C:\\users "me"'],
    ['a backslash at the end', 'x "y" \\', 'x "y" \\'],
    ['what looks like the next key', 'a": 1, b"', 'a": 1, b"'],
    ['code', 'if (a == "b") { return ["c"]; } // "d"', 'if (a == "b") { return ["c"]; } // "d"'],
    ['escapes beside raw lines', 'he said \\"hi\\"\nbye', 'he said "hi"\nbye'],
    ['control characters', 'a\u0001"b', 'a\u0001"b'],
    ['nothing', '', ''],
    ['null', null, ''],
    ['a boolean', true, 'True'],
  ])('a text with %s inside a string arrives whole', async (_, x, q) => {
    expect(parseJson(await render(inString, { x }))).toEqual({ q, n: 1 });
  });

  it('a value may close its string itself: what it inserts is raw text', async () => {
    expect(await render(inString, { x: 'a", "role": "admin' })).toBe('{"q":"a","role":"admin","n":1}');
  });

  it.each<[Value, string]>([
    [1.5, '{"q":1.5}'],
    [2n ** 70n, '{"q":1180591620717411303424}'],
    [true, '{"q":true}'],
    [null, '{"q":""}'],
    ['', '{"q":""}'],
    ['plain words', '{"q":"plain words"}'],
    ['"quoted"', '{"q":"quoted"}'],
    [{ a: [1, 'x'] }, '{"q":{"a":[1,"x"]}}'],
    [[1, 2], '{"q":[1,2]}'],
    [[{ a: null, b: true }], '{"q":[{"a":null,"b":true}]}'],
    [["it's", 'a "b"'], '{"q":["it\'s","a \\"b\\""]}'],
  ])('outside of strings %p becomes %s', async (x, body) => expect(await render('{"q": {{#v.x#}}}', { x })).toBe(body));

  it.each<[string, Value, string]>([
    ["{'q': '{{#v.x#}}', 'n': 1}", `it's "so"\nor \\d`, '{"q":"it\'s \\"so\\"\\nor \\\\d","n":1}'],
    ["['{{#v.x#}}']", "', 'b", '["\', \'b"]'],
    ['{"it\'s": "{{#v.x#}}",}', "it's", '{"it\'s":"it\'s"}'],
  ])('inside of the quotes of %s %p arrives whole', async (template, x, body) =>
    expect(await render(template, { x })).toBe(body),
  );

  it.each([
    ['[1, {{#v.x#}}, 3]', '[1,3]'],
    ['[{{#v.x#}}, 3]', '[3]'],
    ['[1, {{#v.x#}}]', '[1]'],
    ['[{{#v.x#}}]', '[]'],
    ['[{{#v.x#}}, {{#v.x#}}, 3]', '[3]'],
    ['{"a": 1, {{#v.x#}}, "b": 2}', '{"a":1,"b":2}'],
    ['{{{#v.x#}}}', '{}'],
  ])('where nothing is inserted %s becomes %s', async (template, body) => {
    for (const x of [null, '', []]) expect(await render(template, { x })).toBe(body);
  });

  it('leaves the path of a missing variable', async () => {
    expect(await render('{"q": "{{#v.gone#}}", "r": {{#v.gone#}}}')).toBe('{"q":"v.gone","r":"v.gone"}');
  });

  it('repairs large texts', async () => {
    const list = `[${"{'a': 'some text', 'b': None}, ".repeat(1000)}]`;
    expect((parseJson(await render(list)) as Value[]).length).toBe(1000);
    await expect(render('[{{#v.x#}}', { x: '"a'.repeat(150_000) })).rejects.toThrow('Failed to parse JSON');
    expect(await render(`[${'{{#v.x#}}'.repeat(100_000)}`, { x: '' })).toBe('[]');
    expect(parseJson(await render(inString, { x: '"\n'.repeat(100_000) }))).toMatchObject({ n: 1 });
  });

  it('keys without a value, however many, get empty texts', async () => {
    const template = Array.from({ length: 30_000 }, (_, i) => `"k${i}": {{#v.x#}}`).join(',');
    expect(Object.values(parseJson(await render(`{${template}}`, { x: '' })) as ValueObject)).toEqual(
      Array(30_000).fill(''),
    );
  });

  it.each(['', '  ', 'hello', 'True', '}', '{"a": NaN}', '[Infinity]', '{"a": 1e999}'])('fails for %j', (text) =>
    expect(render(text)).rejects.toThrow(`Failed to parse JSON: ${text}`),
  );
});
