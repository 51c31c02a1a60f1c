import { Float, type Value } from '@millrace/contracts';
import fc from 'fast-check';
import { parseJson, stringifyJson } from './json.js';

describe('parseJson', () => {
  const cases: [string, Value][] = [
    ['1', 1],
    ['1.0', new Float(1)],
    ['-0.0', new Float(-0)],
    ['1.5', 1.5],
    ['1.50', 1.5],
    ['1.05', 1.05],
    ['1e3', new Float(1000)],
    ['2.5e-1', 0.25],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', 9007199254740993n],
    ['-12345678901234567890', -12345678901234567890n],
    ['1.00000000000000000001', new Float(1)],
    ['1.99999999999999999999', new Float(2)],
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['1e999', Number.POSITIVE_INFINITY],
    ['"1.0 NaN"', '1.0 NaN'],
    [' [ 1.0 , 2 ] ', [new Float(1), 2]],
    ['{"a":{"b":[3.0,"x"]},"c":null}', { a: { b: [new Float(3), 'x'] }, c: null }],
    ['{"a":"NaN","b":NaN,"c":"\\" Infinity"}', { a: 'NaN', b: Number.NaN, c: '" Infinity' }],
    ['{"a":1,"a":2.0}', { a: new Float(2) }],
  ];
  it.each(cases)('reads %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it.each(['', '{', '01', '1.', "{'a':1}", 'nan', 'Infinity 1', '"NaN'])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it('takes linear time on hostile texts', () => {
    expect(() => parseJson(`NaN ${'"\\'.repeat(200_000)}`)).toThrow(SyntaxError);
    expect(parseJson(`[NaN,"${'1.0 '.repeat(3_000_000)}","${'\\"'.repeat(3_000_000)}"]`)).toHaveLength(3);
    expect(() => parseJson('1'.repeat(5000))).toThrow('more than 4300 digits');
    expect(() => parseJson(`[${'1.1'.repeat(200_000)}`)).toThrow(SyntaxError);
  });

  it('keeps a key named __proto__ as data', () => {
    const value = parseJson('{"__proto__":{"x":1.0}}');
    expect(Object.keys(value as object)).toEqual(['__proto__']);
    expect(stringifyJson(value)).toBe('{"__proto__":{"x":1.0}}');
  });
});

describe('stringifyJson', () => {
  const cases: [Value, string][] = [
    [{ a: 1, b: 'x' }, '{"a":1,"b":"x"}'],
    [{ a: new Float(1), b: [2n ** 70n] }, '{"a":1.0,"b":[1180591620717411303424]}'],
    [new Float(1e16), '1e+16'],
    [Number.NaN, 'null'],
    [[new Float(1), Number.POSITIVE_INFINITY], '[1.0,null]'],
    [1e21, '1e+21'],
  ];
  it.each(cases)('writes %p', (value, text) => {
    expect(stringifyJson(value)).toBe(text);
  });
});

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
  fc.maxSafeInteger().map((n) => (n === 0 ? 0 : n)),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Number.isInteger(n) ? new Float(n) : n)),
);
const { value: anyValue } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
  ),
}));

it('gives back every value it wrote', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const text = stringifyJson(value);
      expect(parseJson(text)).toEqual(value);
      expect(stringifyJson(parseJson(text))).toBe(text);
    }),
  );
});

it('reads any number literal as the reviver alone would', () => {
  const number = fc.stringMatching(/^-?(0|[1-9]\d{0,17})(\.\d{1,20})?([eE][+-]?\d{1,2})?$/);
  fc.assert(
    fc.property(number, (literal) => {
      const value = parseJson(`[${literal}]`);
      const isFloat = /[.eE]/.test(literal);
      const [read] = value as Value[];
      if (!isFloat) expect(BigInt(read as number | bigint)).toBe(BigInt(literal));
      else
        expect(Number.isInteger(Number(literal)) ? read : new Float(read as number)).toEqual(
          new Float(Number(literal)),
        );
    }),
    { numRuns: 2000 },
  );
});
