import { Float, type Value } from '@millrace/contracts';
import { formatFloat, parsePythonFloat, parsePythonInt, pythonStrip } from './numbers.js';
import { pythonEquals, pythonRepr, pythonStr, truthy } from './python.js';
import { maskSecret, pythonJson, toLog, toMarkdown, toText } from './text.js';
import { typeName, valueType, type ValueType } from './types.js';

const file = (type: string): Value => ({
  dify_model_identity: '__dify__file__',
  type,
  filename: 'a.png',
  url: 'http://x/a.png',
});

describe('text forms (dsl 2.6)', () => {
  const cases: [name: string, value: Value, text: string, markdown: string, log: string][] = [
    ['null', null, '', '', ''],
    ['string', 'a\n"b"', 'a\n"b"', 'a\n"b"', 'a\n"b"'],
    ['integer', 5, '5', '5', '5'],
    ['big integer', 12345678901234567890n, '12345678901234567890', '12345678901234567890', '12345678901234567890'],
    ['integral float', new Float(5), '5.0', '5.0', '5.0'],
    ['boolean', true, 'True', 'True', 'True'],
    [
      'object',
      { a: [1, new Float(2)], ä: null },
      '{"a": [1, 2.0], "ä": null}',
      '{\n  "a": [\n    1,\n    2.0\n  ],\n  "ä": null\n}',
      '{\n  "a": [\n    1,\n    2.0\n  ],\n  "ä": null\n}',
    ],
    ['empty object', {}, '{}', '{}', '{}'],
    ['image', file('image'), '', '![a.png](http://x/a.png)', ''],
    ['document', file('document'), '', '[a.png](http://x/a.png)', ''],
    ['array[string]', ['a', 'ü'], '["a", "ü"]', '- a\n- ü', "['a', 'ü']"],
    ['empty array', [], '', '', '[]'],
    ['array[number]', [1, 2.5], '[1, 2.5]', '- 1\n- 2.5', '[1, 2.5]'],
    [
      'array[object]',
      [{ a: null, b: true }],
      "[{'a': None, 'b': True}]",
      "- {'a': None, 'b': True}",
      "[{'a': None, 'b': True}]",
    ],
    ['array[boolean]', [true, false], '[True, False]', '- True\n- False', '[True, False]'],
    ['array[any]', [1, 'x', null], "[1, 'x', None]", '- 1\n- x\n- None', "[1, 'x', None]"],
    ['array[file]', [file('image'), file('document')], '', '![a.png](http://x/a.png)\n[a.png](http://x/a.png)', ''],
  ];
  it.each(cases)('%s', (_name, value, text, markdown, log) => {
    expect([toText(value), toMarkdown(value), toLog(value)]).toEqual([text, markdown, log]);
  });

  it('masks secrets', () => {
    expect([maskSecret(''), maskSecret('12345678'), maskSecret('1234567890')]).toEqual([
      '',
      '*'.repeat(20),
      '123456************90',
    ]);
  });

  it('writes NaN and infinities in JSON as Python does', () => {
    expect(pythonJson([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBe(
      '[NaN, Infinity, -Infinity]',
    );
  });
});

describe('Python behaviour (dsl appendix A)', () => {
  it.each([
    [1, '1.0'],
    [0.1, '0.1'],
    [-0, '-0.0'],
    [1e-4, '0.0001'],
    [1e-5, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.2345e22, '1.2345e+22'],
    [5e-324, '5e-324'],
    [123456789012345680, '1.2345678901234568e+17'],
    [Number.NaN, 'nan'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ])('prints the float %p as %s', (n, text) => {
    expect(formatFloat(n)).toBe(text);
  });

  it.each([
    ["it's", `"it's"`],
    [`"it's"`, `'"it\\'s"'`],
    ['a\\b\n\r\t', "'a\\\\b\\n\\r\\t'"],
    ['\x00\x7f\xa0', "'\\x00\\x7f\\xa0'"],
    ['\u200b\u2028é日', "'\\u200b\\u2028é日'"],
    ['😀\u{e0001}', "'😀\\U000e0001'"],
    ['\ud800', "'\\ud800'"],
  ])('repr of %j', (text, repr) => {
    expect(pythonRepr(text)).toBe(repr);
  });

  it('str of nested values', () => {
    expect(pythonStr({ k: [null, true, new Float(1), 'x'], 'a b': {} })).toBe(
      "{'k': [None, True, 1.0, 'x'], 'a b': {}}",
    );
  });

  it.each([
    ['5', 5],
    [' +1_000 ', 1000],
    ['-7', -7],
    ['007', 7],
    ['12345678901234567890', 12345678901234567890n],
    ['-9007199254740993', -9007199254740993n],
    ['5.0', undefined],
    ['1__0', undefined],
    ['_1', undefined],
    ['1e5', undefined],
    ['', undefined],
    ['0x10', undefined],
    ['\u0661\u0662\uff13\u{1d7df}', 1237],
    ['\u3000-\u0967_1\x85', -11],
    ['\x1c1', undefined],
    ['\u0661\x1f', undefined],
    ['\ufeff1', undefined],
    ['\u00b2', undefined],
    ['\u22121', undefined],
  ])('int(%j)', (text, value) => {
    expect(parsePythonInt(text)).toBe(value);
  });

  it.each([
    ['1', 1],
    ['1.', 1],
    ['.5', 0.5],
    [' -1_0.5e+1 ', -105],
    ['inf', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['.', undefined],
    ['1e', undefined],
    ['1,5', undefined],
    ['', undefined],
    ['0x10', undefined],
    ['\u0661.\u0665e-\u0661', 0.15],
    ['\u2003inf\u00a0', Number.POSITIVE_INFINITY],
    ['\u0661\u066b\u0665', undefined],
    ['1.5\x1e', undefined],
  ])('float(%j)', (text, value) => {
    expect(parsePythonFloat(text)).toBe(value);
  });

  it('strips all Unicode white space', () => {
    expect(pythonStrip('\u3000\x1c\x85 a b\u00a0\n')).toBe('a b');
  });

  it('takes linear time on hostile texts', () => {
    const long = 200_000;
    expect(pythonStrip(`a${' '.repeat(long)}b`)).toHaveLength(long + 2);
    expect(parsePythonFloat(`${'1'.repeat(long)}x`)).toBeUndefined();
    expect(parsePythonFloat(`${'1_'.repeat(long)}x`)).toBeUndefined();
    expect(parsePythonInt(`${'1'.repeat(long)}x`)).toBeUndefined();
    expect(parsePythonFloat(`${'\u0669'.repeat(10 * long)}x`)).toBeUndefined();
  });

  it('knows what is falsy', () => {
    const falsy: Value[] = [null, false, 0, -0, 0n, new Float(0), '', [], {}];
    const rest: Value[] = [true, 1, 'false', '0', [0], { a: null }, new Float(0.5), Number.NaN];
    expect(falsy.map(truthy)).not.toContain(true);
    expect(rest.map(truthy)).not.toContain(false);
  });

  it('compares as Python does', () => {
    const equal: [Value, Value][] = [
      [1, new Float(1)],
      [1, true],
      [new Float(0), false],
      [2n ** 60n, new Float(2 ** 60)],
      [
        [1, { a: new Float(2) }],
        [true, { a: 2 }],
      ],
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [null, null],
    ];
    const different: [Value, Value][] = [
      [1, '1'],
      [null, false],
      [null, 0],
      ['a', 'A'],
      [{ a: 1 }, { b: 1 }],
      [[1], [1, 2]],
      [[], {}],
      [Number.NaN, Number.NaN],
      [9007199254740993n, new Float(9007199254740992)],
    ];
    for (const [a, b] of equal) expect([a, b, pythonEquals(a, b)]).toEqual([a, b, true]);
    for (const [a, b] of different) expect([a, b, pythonEquals(a, b)]).toEqual([a, b, false]);
  });

  const types: [Value, ValueType, string][] = [
    [null, 'none', 'NoneType'],
    ['', 'string', 'str'],
    [1, 'integer', 'int'],
    [1n, 'integer', 'int'],
    [new Float(1), 'float', 'float'],
    [1.5, 'float', 'float'],
    [true, 'boolean', 'bool'],
    [{}, 'object', 'dict'],
    [file('image'), 'file', 'dict'],
    [[], 'array[any]', 'list'],
    [['a'], 'array[string]', 'list'],
    [[1, new Float(1), 2n], 'array[number]', 'list'],
    [[{}], 'array[object]', 'list'],
    [[true], 'array[boolean]', 'list'],
    [[file('image')], 'array[file]', 'list'],
    [[1, true], 'array[any]', 'list'],
    [[[1]], 'array[any]', 'list'],
    [[null], 'array[any]', 'list'],
  ];
  it.each(types)('type of %p', (value, type, name) => {
    expect([valueType(value), typeName(value)]).toEqual([type, name]);
  });
});
