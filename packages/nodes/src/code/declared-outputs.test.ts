import { Float, type Value, type ValueObject } from '@millrace/contracts';
import { parseJson } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { DeclaredOutput, DeclaredOutputs } from './config.js';
import { checkOutputs } from './declared-outputs.js';
import { defaultCodeOutputLimits } from './limits.js';

function check(result: ValueObject, declared: DeclaredOutputs): ValueObject | string {
  try {
    return checkOutputs(result, declared, defaultCodeOutputLimits);
  } catch (error) {
    if (error instanceof NodeFailure) return `${error.errorType}: ${error.message}`;
    throw error;
  }
}

/** The only output, `x`, checked as `type`. */
function checkX(value: Value, type: string, children?: DeclaredOutput['children']): Value {
  const checked = check({ x: value }, { x: { type, children } });
  return typeof checked === 'string' ? checked : (checked['x'] ?? null);
}

const invalid = (message: string): string => `OutputValidationError: ${message}`;
const list = (length: number, item: Value): Value[] => Array.from({ length }, () => item);
const types = [
  'string',
  'number',
  'boolean',
  'object',
  'array[string]',
  'array[number]',
  'array[object]',
  'array[boolean]',
];

describe('any type', () => {
  it.each(types)('%s: a null passes, an absent key does not', (type) => {
    expect(checkX(null, type)).toBeNull();
    expect(check({}, { x: { type } })).toBe(invalid('Output x is missing.'));
  });

  it.each(['string', 'number', 'object', ...types.slice(4)])('%s: the wrong type is named', (type) => {
    const wrong = type === 'string' ? 1 : 'text';
    const article = {
      string: 'must be a string, got int',
      number: "is not a number, got <class 'str'>",
      object: "is not an object, got <class 'str'>",
    };
    const text = type.startsWith('array')
      ? "is not an array, got <class 'str'>"
      : article[type as keyof typeof article];
    expect(checkX(wrong, type)).toBe(invalid(`Output x ${text} instead.`));
  });

  it.each<[Value, string]>([
    [[1], 'list'],
    [{}, 'dict'],
    [true, 'bool'],
    [1, 'int'],
    [new Float(1), 'float'],
    [1.5, 'float'],
    [2n ** 70n, 'int'],
  ])('%p is a Python %s', (value, name) => {
    expect(checkX(value, 'string')).toBe(invalid(`Output x must be a string, got ${name} instead.`));
    if (name !== 'list')
      expect(checkX(value, 'array[number]')).toBe(invalid(`Output x is not an array, got <class '${name}'> instead.`));
  });

  it('an unknown type is refused, `__proto__` and `constructor` too', () => {
    for (const type of ['file', 'integer', 'array[any]', '', 'constructor', '__proto__'])
      expect(checkX('a', type)).toBe(invalid(`Output type ${type} is not supported.`));
  });
});

describe('string', () => {
  const tooLong = invalid('The length of output variable `x` must be less than 400000 characters');

  it('loses its NULs', () => expect(checkX('a\0b\0', 'string')).toBe('ab'));

  it('is measured in code points', () => {
    expect(checkX('a'.repeat(400_000), 'string')).toHaveLength(400_000);
    expect(checkX('a'.repeat(400_001), 'string')).toBe(tooLong);
    expect(checkX('𝄞'.repeat(400_000), 'string')).toHaveLength(800_000);
    expect(checkX(`${'𝄞'.repeat(399_999)}ab`, 'string')).toBe(tooLong);
    expect(checkX('𝄞'.repeat(400_001), 'string')).toBe(tooLong);
  });
});

describe('number', () => {
  const outOfRange = invalid(
    'Output variable `x` is out of range, it must be between -9223372036854775808 and 9223372036854775807.',
  );
  const tooPrecise = invalid('Output variable `x` has too high precision, it must be less than 20 digits.');

  it.each<[Value, Value]>([
    [1, 1],
    [new Float(1), new Float(1)],
    [-1.25, -1.25],
    [true, 1],
    [false, 0],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
    [-(2n ** 63n), -(2n ** 63n)],
    [2n ** 63n, outOfRange],
    [-(2n ** 63n) - 1n, outOfRange],
    [new Float(1e19), outOfRange],
    [new Float(Number.POSITIVE_INFINITY), outOfRange],
    [Number.NEGATIVE_INFINITY, outOfRange],
    [1e-20, 1e-20],
    [1e-21, tooPrecise],
    [1.5e-20, tooPrecise],
    [0.1234567890123456, 0.1234567890123456],
    [1.2345678901234567e-5, tooPrecise],
    [new Float(0), new Float(0)],
  ])('%p gives %p', (value, checked) => expect(checkX(value, 'number')).toEqual(checked));
});

it.each<Value>([true, false, 'yes', 1, [1], { a: 1 }])('boolean: %p passes unchecked', (value) => {
  expect(checkX(value, 'boolean')).toEqual(value);
});

describe('lists', () => {
  const length = (limit: number) => invalid(`The length of output variable \`x\` must be less than ${limit} elements.`);

  it.each<[string, Value, Value]>([
    ['array[string]', ['a\0', null], ['a', null]],
    ['array[string]', [], []],
    ['array[string]', list(30, 'a'), list(30, 'a')],
    ['array[string]', list(31, 'a'), length(30)],
    ['array[string]', ['a', 1], invalid('Output x[1] must be a string, got int instead.')],
    [
      'array[string]',
      ['a'.repeat(400_001)],
      invalid('The length of output variable `x[0]` must be less than 400000 characters'),
    ],
    ['array[number]', [1, 1.5, true, false, 2n ** 80n], [1, 1.5, 1, 0, 2n ** 80n]],
    ['array[number]', list(1000, 1), list(1000, 1)],
    ['array[number]', list(1001, 1), length(1000)],
    ['array[number]', [1, null], invalid('The element at index 1 of output variable `x` must be a number.')],
    ['array[number]', ['1'], invalid('The element at index 0 of output variable `x` must be a number.')],
    ['array[object]', [{ a: 1 }, null, {}], [{ a: 1 }, null, {}]],
    ['array[object]', list(30, {}), list(30, {})],
    ['array[object]', list(31, {}), length(30)],
    ['array[object]', [{}, [1]], invalid("Output x[1] is not an object, got <class 'list'> instead at index 1.")],
    ['array[boolean]', [true, null, false], [true, null, false]],
    ['array[boolean]', list(5000, true), list(5000, true)],
    ['array[boolean]', [true, 1], invalid("Output x[1] is not a boolean, got <class 'int'> instead.")],
  ])('%s %#', (type, value, checked) => expect(checkX(value, type)).toEqual(checked));
});

describe('children', () => {
  const text = { a: { type: 'string' } };

  it('are checked and converted, with dotted paths', () => {
    expect(checkX({ a: 'v\0' }, 'object', text)).toEqual({ a: 'v' });
    expect(checkX({}, 'object', text)).toBe(invalid('Output x.a is missing.'));
    expect(checkX({ a: 1 }, 'object', text)).toBe(invalid('Output x.a must be a string, got int instead.'));
    expect(checkX({ a: 'v', b: 1 }, 'object', text)).toBe('CodeNodeError: Not all output parameters are validated.');
    expect(checkX([{ a: 'v' }, null], 'array[object]', text)).toEqual([{ a: 'v' }, null]);
    expect(checkX([{ a: 'v' }, { a: true }], 'array[object]', text)).toBe(
      invalid('Output x[1].a must be a string, got bool instead.'),
    );
  });

  it('of children', () => {
    const deep = { b: { type: 'array[object]', children: { c: { type: 'array[number]' } } } };
    expect(checkX({ b: [{ c: [true] }] }, 'object', deep)).toEqual({ b: [{ c: [1] }] });
    expect(checkX({ b: [{ c: ['z'] }] }, 'object', deep)).toBe(
      invalid('The element at index 0 of output variable `x.b[0].c` must be a number.'),
    );
  });
});

describe('objects without children are checked loosely', () => {
  const notUniform = invalid('Output x.l is not a valid array. make sure all elements are of the same type.');

  it.each<[string, Value]>([
    ['{"a": null, "b": true, "t": "x", "n": [1, 2.5, null, true], "s": ["a", null], "e": []}', null],
    ['{"l": [{"a": 1}, null, {"b": "x"}]}', null],
    ['{"l": [[1], ["a"], null]}', null],
    ['{"l": [null, 1, "a", {}]}', null],
    ['{"l": [1, "a"]}', notUniform],
    ['{"l": ["a", 1]}', notUniform],
    ['{"l": [{}, []]}', notUniform],
    [
      '{"l": [[[1, "a"]]]}',
      invalid('Output x.l[0][0] is not a valid array. make sure all elements are of the same type.'),
    ],
    [
      '{"l": [{"n": 1e30}]}',
      invalid(
        'Output variable `x.l[0].n` is out of range, it must be between -9223372036854775808 and 9223372036854775807.',
      ),
    ],
    ['{"l": [1, 1e-30]}', invalid('Output variable `x.l[1]` has too high precision, it must be less than 20 digits.')],
  ])('%s', (json, error) => {
    const value = parseJson(json);
    expect(checkX(value, 'object')).toEqual(error ?? value);
  });

  it('texts too', () => {
    const long = 'a'.repeat(400_001);
    const error = (path: string) =>
      invalid(`The length of output variable \`${path}\` must be less than 400000 characters`);
    expect(checkX({ t: long }, 'object')).toBe(error('x.t'));
    expect(checkX({ t: { u: [null, long] } }, 'object')).toEqual({ t: { u: [null, long] } });
    expect(checkX({ t: { u: ['', long] } }, 'object')).toBe(error('x.t.u[1]'));
  });
});

describe('depth', () => {
  const tooDeep = 'DepthLimitError: Depth limit 5 reached, object too deep.';

  it.each<[string, boolean]>([
    ['{"2": {"3": {"4": {"5": 1}}}}', true],
    ['{"2": {"3": {"4": {"5": {"6": 1}}}}}', false],
    ['{"2": [[[[[1]]]]]}', false],
    ['{"2": [[[[1]]]]}', true],
    ['{"2": [{"3": [{"4": [{"5": {}}]}]}]}', false],
  ])('%s', (json, fits) => {
    const value = parseJson(json);
    expect(checkX(value, 'object')).toEqual(fits ? value : tooDeep);
  });

  it('counts declared levels', () => {
    let declared: DeclaredOutput = { type: 'string' };
    let value: Value = 'v';
    for (let level = 0; level < 5; level += 1) {
      declared = { type: 'object', children: { a: declared } };
      value = { a: value };
      expect(checkX(value, declared.type, declared.children)).toEqual(level < 4 ? value : tooDeep);
    }
  });
});

describe('undeclared keys', () => {
  const error = 'CodeNodeError: Not all output parameters are validated.';

  it.each<[ValueObject, DeclaredOutputs, ValueObject | string]>([
    [{}, {}, {}],
    [{ a: 1 }, {}, error],
    [{ a: 1, b: 2 }, { a: { type: 'number' } }, error],
    [
      { b: 2, a: 1 },
      { a: { type: 'number' }, b: { type: 'number' } },
      { a: 1, b: 2 },
    ],
  ])('%j of %j', (result, declared, checked) => expect(check(result, declared)).toEqual(checked));

  it('a wrong value is named before them', () => {
    expect(check({ a: 1, b: 2 }, { a: { type: 'string' } })).toBe(
      invalid('Output a must be a string, got int instead.'),
    );
  });

  it('outputs come in the order of their declaration', () => {
    const checked = check({ b: 2, a: 1 }, { a: { type: 'number' }, b: { type: 'number' } });
    expect(Object.keys(checked)).toEqual(['a', 'b']);
  });
});
