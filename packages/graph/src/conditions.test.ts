import { Float, type Value } from '@millrace/contracts';
import { evaluateConditions } from './conditions.js';

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
    ['hello', 'not contains', 'x', true],
    ['', 'not contains', 'x', true],
    [null, 'not contains', 'x', true],
    ['hello', 'start with', 'he', true],
    ['hello', 'end with', 'lo', true],
    ['', 'start with', '', false],
    [5, 'start with', '5', 'Invalid actual value type: string'],
    ['5', 'start with', null, 'Expected value must be a string'],
    ['a', 'is', 'a', true],
    ['', 'is', '', true],
    [null, 'is', '', false],
    [null, 'is not', 'x', false],
    ['a', 'is not', 'b', true],
    [true, 'is', 'true', true],
    [true, 'is', '0', false],
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
    [null, 'not empty', null, false],
    ['a', 'in', ['a', 'b'], true],
    ['a', 'in', 'ab', 'Invalid expected value type: array'],
    ['', 'in', [''], false],
    ['c', 'not in', ['a', 'b'], true],
    [null, 'not in', ['a'], true],
    [['a', 'b', 'c'], 'all of', ['a', 'b'], true],
    [['a'], 'all of', ['a', 'b'], false],
    ['abc', 'all of', ['a', 'b'], true],
    [['a'], 'all of', 'a', 'Invalid expected value type: array of strings or booleans'],
    [['a'], 'all of', ['a', 1], 'Invalid expected value type: array of strings or booleans'],
    [5, '=', '5', true],
    [5, '=', ' 5 ', true],
    [5, '=', '1.5', "invalid literal for int() with base 10: '1.5'"],
    [5, '=', '5.0', "invalid literal for int() with base 10: '5.0'"],
    [0, '=', '0', true],
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
    [null, '>', '4', false],
    [null, 'null', null, true],
    ['', 'null', null, false],
    ['', 'not null', null, true],
    [null, 'not null', null, false],
    ['', 'exists', null, true],
    [null, 'exists', null, false],
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
    [
      'a wrong extension type',
      sub('extension', 'in', ['png']),
      'Expected value must be a string when key is FileAttribute.EXTENSION',
    ],
    ['an unknown attribute', sub('colour', 'is', 'red'), "'colour' is not a valid FileAttribute"],
  ];
  it.each(cases)('%s', (_name, extra, outcome) => {
    expect(decide(files, 'contains', null, extra)).toBe(outcome);
  });
});
