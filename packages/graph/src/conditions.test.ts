import { Float, type Value } from '@millrace/contracts';
import { evaluateConditions } from './conditions.js';
import { TextSizeError } from './template.js';

type Outcome = boolean | string;

function decide(value: Value | undefined, operator: string, expected: Value, extra: object = {}): Outcome {
  const condition = { variable_selector: ['a', 'b'], comparison_operator: operator, value: expected, ...extra };
  const result = evaluateConditions([condition], 'and', ([first]) => (first === 'a' ? value : 'templated'));
  return result.ok ? result.result : result.error;
}

const file = (extension: string, size: number): Value => ({
  dify_model_identity: '__dify__file__',
  extension,
  size,
  type: 'image',
});

describe('operators (dsl 4.5)', () => {
  const cases: [value: Value, operator: string, expected: Value, outcome: Outcome][] = [
    ['hello', 'contains', 'ell', true],
    ['hello', 'contains', 'x', false],
    ['12', 'contains', 1, true],
    [['a', 'b'], 'contains', 'a', true],
    [[1, 2], 'contains', '1', false],
    [[true], 'contains', 'true', true],
    [5, 'contains', '5', 'Invalid actual value type: string or array'],
    [0, 'contains', '0', false],
    [null, 'contains', 'x', false],
    ['', 'contains', 'x', false],
    [[], 'contains', 'x', false],
    ['a None', 'contains', null, true],
    [[null], 'contains', null, true],
    [[new Float(1)], 'contains', true, true],
    [[{ a: [1] }], 'contains', { a: [new Float(1)] }, true],
    [[true], 'contains', 'True', "Cannot convert 'True' to a boolean: use true, false, 1 or 0"],
    [true, 'contains', 'true', 'Invalid actual value type: string or array'],
    [{ a: 1 }, 'contains', 'a', 'Invalid actual value type: string or array'],
    ['hello', 'not contains', 'x', true],
    ['', 'not contains', 'x', true],
    [null, 'not contains', 'x', true],
    [['a'], 'not contains', 'a', false],
    [5, 'not contains', '5', 'Invalid actual value type: string or array'],
    ['hello', 'start with', 'he', true],
    ['hello', 'end with', 'lo', true],
    ['', 'start with', '', false],
    ['', 'end with', '', false],
    [null, 'start with', 'x', false],
    [null, 'end with', 'x', false],
    ['hello', 'start with', 'lo', false],
    ['templated!', 'start with', '{{#c.d#}}', true],
    [['a'], 'end with', 'a', 'Invalid actual value type: string'],
    ['5', 'end with', ['5'], 'Expected value must be a string'],
    [5, 'start with', '5', 'Invalid actual value type: string'],
    ['5', 'start with', null, 'Expected value must be a string'],
    ['a', 'is', 'a', true],
    ['', 'is', '', true],
    [null, 'is', '', false],
    [null, 'is not', 'x', false],
    ['a', 'is not', 'b', true],
    [true, 'is', 'true', true],
    [true, 'is', '0', false],
    [true, 'is', null, false],
    ['a', 'is', 'A', false],
    ['é', 'is', 'e\u0301', false],
    ['1', 'is', 1, false],
    [false, 'is not', 'true', true],
    [true, 'is', '1.0', "unexpected value: type=<class 'str'>, value=1.0"],
    [true, 'is', '', "Cannot convert '' to a boolean: use true, false, 1 or 0"],
    [[1], 'is', '[1]', 'Invalid actual value type: string or boolean'],
    [5, 'is not', '5', 'Invalid actual value type: string or boolean'],
    [false, 'is', false, true],
    [true, 'is', 'True', "Cannot convert 'True' to a boolean: use true, false, 1 or 0"],
    [5, 'is', '5', 'Invalid actual value type: string or boolean'],
    ['templated', 'is', '{{#c.d#}}', true],
    [0, 'empty', '', true],
    [false, 'empty', null, true],
    [null, 'empty', null, true],
    [[], 'empty', null, true],
    ['x', 'empty', null, false],
    ['x', 'not empty', null, true],
    [{}, 'not empty', null, false],
    [new Float(0), 'empty', null, true],
    ['0', 'empty', null, false],
    ['false', 'not empty', null, true],
    [null, 'not empty', null, false],
    ['a', 'in', ['a', 'b'], true],
    ['a', 'in', 'ab', 'Invalid expected value type: array'],
    ['', 'in', [''], false],
    [1, 'in', [new Float(1)], true],
    [1, 'in', ['1'], false],
    [0, 'in', [0], false],
    ['templated', 'in', ['{{#c.d#}}'], false],
    ['{{#c.d#}}', 'in', ['{{#c.d#}}'], true],
    ['a', 'not in', 'a', 'Invalid expected value type: array'],
    ['a', 'not in', ['a'], false],
    ['', 'not in', [''], true],
    ['c', 'not in', ['a', 'b'], true],
    [null, 'not in', ['a'], true],
    [['a', 'b', 'c'], 'all of', ['a', 'b'], true],
    [['a'], 'all of', ['a', 'b'], false],
    ['abc', 'all of', ['a', 'b'], true],
    ['abc', 'all of', ['a', 'd'], false],
    ['True', 'all of', [true], false],
    [[true, false], 'all of', ['true', '0'], true],
    [[1, 2], 'all of', ['1'], false],
    [5, 'all of', ['5'], false],
    [{ a: 1 }, 'all of', ['a'], false],
    [null, 'all of', ['a'], false],
    ['', 'all of', ['a'], false],
    ['abc', 'all of', [], true],
    [5, 'all of', [], false],
    [['a'], 'all of', 'a', 'Invalid expected value type: array of strings or booleans'],
    [['a'], 'all of', ['a', 1], 'Invalid expected value type: array of strings or booleans'],
    [5, '=', '5', true],
    [5, '=', ' 5 ', true],
    [5, '=', '1.5', "invalid literal for int() with base 10: '1.5'"],
    [5, '=', '5.0', "invalid literal for int() with base 10: '5.0'"],
    [0, '=', '0', true],
    [0, '≠', '0', false],
    [5, '≠', '5.5', "invalid literal for int() with base 10: '5.5'"],
    [5, '=', 5, true],
    [1.5, '=', ' 15e-1 ', true],
    [1.5, '≠', 'x', "could not convert string to float: 'x'"],
    [false, '=', '0', true],
    [false, '=', null, "Cannot convert <class 'NoneType'> to bool"],
    [true, '≠', ['true'], "Cannot convert <class 'list'> to bool"],
    [false, '≠', 'true', true],
    [9007199254740993n, '=', '9007199254740992', false],
    [5, '=', null, "Cannot convert <class 'NoneType'> to int"],
    [[1], '=', '1', 'Invalid actual value type: number or boolean'],
    ['5', '≠', '6', 'Invalid actual value type: number or boolean'],
    [new Float(5), '=', '5', true],
    [new Float(5), '=', '5.0', true],
    [1.5, '=', 'x', "could not convert string to float: 'x'"],
    [true, '=', '1', true],
    ['5', '=', '5', 'Invalid actual value type: number or boolean'],
    [null, '=', '5', false],
    [null, '≠', '5', false],
    [5, '≠', '6', true],
    [5, '>', '4', true],
    [5, '>', '5', false],
    [5, '≥', '5.0', true],
    [4.5, '<', '5', true],
    [0, '<', '1', true],
    [0, '≤', '-1', false],
    [9007199254740993n, '>', '9007199254740992', true],
    [5, '>', 'x', "Cannot convert 'x' to number"],
    ['5', '>', '4', 'Invalid actual value type: number'],
    [true, '≥', '1', true],
    [new Float(5), '≤', '5', true],
    [5, '<', 'inf', true],
    [5, '>', 'nan', false],
    [5, '≤', '5_0', true],
    [null, '≤', '4', false],
    [null, '>', '4', false],
    [null, 'null', null, true],
    ['', 'null', null, false],
    ['', 'not null', null, true],
    [null, 'not null', null, false],
    ['', 'exists', null, true],
    [null, 'exists', null, false],
    [[], 'exists', null, true],
    [false, 'not exists', null, false],
    [null, 'not exists', null, true],
    ['x', 'not exists', null, false],
    ['x', 'like', 'x', 'Unsupported operator: like'],
  ];
  it.each(cases)('%p %s %p', (value, operator, expected, outcome) => {
    expect(decide(value, operator, expected)).toBe(outcome);
  });

  it('fails on a missing variable', () => {
    expect(decide(undefined, 'is', 'x')).toBe("Variable ['a', 'b'] not found");
  });
});

describe('lists of conditions', () => {
  const condition = (operator: string): Value => ({
    variable_selector: ['a', 'b'],
    comparison_operator: operator,
    value: 'x',
  });
  const evaluate = (operator: string, ...operators: string[]) =>
    evaluateConditions(operators.map(condition), operator, () => 'x');

  it('stops early and reports what it looked at', () => {
    expect(evaluate('and', 'is', 'is not', 'like')).toEqual({
      ok: true,
      result: false,
      results: [true, false],
      inputs: [
        { actual_value: 'x', expected_value: 'x', comparison_operator: 'is' },
        { actual_value: 'x', expected_value: 'x', comparison_operator: 'is not' },
      ],
    });
    expect(evaluate('or', 'is not', 'is', 'like')).toMatchObject({ ok: true, result: true, results: [false, true] });
  });

  it('an empty list holds for and, not for or', () => {
    expect([evaluate('and'), evaluate('or')]).toMatchObject([{ result: true }, { result: false }]);
  });

  it('leaves no entry for existence', () => {
    expect(evaluate('and', 'exists')).toMatchObject({ ok: true, result: true, inputs: [] });
  });
});

describe('many conditions over a long value', () => {
  const conditions = (count: number, value: string): Value[] =>
    Array.from({ length: count }, () => ({ variable_selector: ['a', 'b'], comparison_operator: 'not empty', value }));

  it.each<[string, Value]>([
    ['a text', 'x'.repeat(1_000_000)],
    ['a list', ['x'.repeat(1_000_000)]],
  ])('%s is shown whole some times, then its beginning', (_, long) => {
    const result = evaluateConditions(conditions(100, ''), 'and', () => long);
    const shown = result.ok ? result.inputs.map((input) => input['actual_value']) : [];
    expect(shown.filter((value) => value === long)).toHaveLength(20);
    expect(shown.filter((value) => typeof value === 'string' && value.endsWith('characters left out'))).toHaveLength(
      80,
    );
  });

  it('what they compare with is bounded, all together', () => {
    const evaluate = () => evaluateConditions(conditions(100, '{{#a.b#}}'), 'and', () => 'x'.repeat(1_000_000));
    expect(evaluate).toThrow(TextSizeError);
  });

  describe('take so many steps and no more, however many look at the same large value', () => {
    const text = 'ab'.repeat(500_000);
    const numbers = Array.from({ length: 500_000 }, (_, at) => at);
    const mapping = Object.fromEntries(numbers.slice(0, 100_000).map((at) => [`k${at}`, at]));
    const files = Array.from({ length: 100_000 }, () => file('.png', 1));
    const sub = { key: 'type', comparison_operator: 'is not', value: 'x' };
    const subs = { sub_variable_condition: { logical_operator: 'or', conditions: Array(10).fill(sub) as Value } };
    const cases: [string, Value, Value, object?][] = [
      ['not contains', text, 'abz'],
      ['not contains', text, `${'ab'.repeat(1_000)}z`],
      ['not contains', numbers, 'x'],
      ['not contains', [mapping, mapping, mapping], { ...mapping, k1: 2 }],
      ['is not', text, `${text.slice(0, -1)}c`],
      ['not in', text, Array.from({ length: 10 }, () => `${text.slice(0, -1)}c`)],
      ['not empty', mapping, null],
      ['not null', numbers, null],
      ['contains', files, null, subs],
    ];
    it.each(cases)('%s', (operator, value, expected, extra = {}) => {
      const condition = { variable_selector: ['a', 'b'], comparison_operator: operator, value: expected, ...extra };
      const outcome = evaluateConditions(Array(10_000).fill(condition) as Value[], 'and', () => value);
      expect(outcome).toEqual({ ok: false, error: 'The conditions take more than 4000000 steps' });
      expect(evaluateConditions([condition], 'and', () => value)).not.toEqual(outcome);
    });
  });
});

describe('files', () => {
  const files = [file('.png', 10), file('pdf', 200)];
  const sub = (key: string, comparison_operator: string, value: Value): object => ({
    sub_variable_condition: { logical_operator: 'and', conditions: [{ key, comparison_operator, value }] },
  });
  const cases: [string, object, Outcome][] = [
    ['without a sub condition', {}, 'Sub variable is required'],
    ['any file may match', sub('extension', 'is', 'png'), true],
    ['extensions get a dot on both sides', sub('extension', 'is', '.pdf'), true],
    ['a negated operator needs all', sub('extension', 'is not', 'png'), false],
    ['sizes', sub('size', '>', '100'), true],
    ['in a list', sub('type', 'in', ['document', 'image']), true],
    ['values are not rendered', sub('type', 'contains', '{{#c.d#}}'), false],
    ['an attribute that is null', sub('url', 'null', null), true],
    ['a negated operator on an attribute that is null', sub('name', 'not contains', 'x'), true],
    ['a wrong operator', sub('size', 'is', '10'), 'Invalid actual value type: string or boolean'],
    [
      'a wrong extension type',
      sub('extension', 'in', ['png']),
      'Expected value must be a string when key is FileAttribute.EXTENSION',
    ],
    ['an unknown attribute', sub('colour', 'is', 'red'), "'colour' is not a valid FileAttribute"],
  ];
  it.each(cases)('%s', (_name, extra, outcome) => {
    // The operator of the condition itself has no further effect.
    for (const operator of ['contains', 'not contains', 'all of'])
      expect(decide(files, operator, null, extra)).toBe(outcome);
  });

  it.each([
    ['and', ['png', 'pdf'], true],
    ['and', ['png', 'txt'], false],
    ['or', ['png', 'txt'], true],
    ['or', ['txt', 'csv'], false],
    [undefined, ['png', 'txt'], false],
  ])('sub-conditions joined by %s: %j', (logical_operator, extensions, outcome) => {
    const conditions = extensions.map((value) => ({ key: 'extension', comparison_operator: 'is', value }));
    expect(decide(files, 'contains', null, { sub_variable_condition: { logical_operator, conditions } })).toBe(outcome);
  });

  it('are asked for themselves by any other operator', () => {
    expect(decide(files, 'exists', null, sub('type', 'is', 'document'))).toBe(true);
    expect(decide(files, 'not empty', null)).toBe(true);
    expect(decide(files, 'is', 'x', sub('type', 'is', 'image'))).toBe('Invalid actual value type: string or boolean');
  });
});
