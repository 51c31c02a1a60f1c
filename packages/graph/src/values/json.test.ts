import { Float, type Value } from '@millrace/contracts';
import fc from 'fast-check';
import { exactJson, parseJson, publicJson, stringifyJson } from './json.js';
import { objectOf } from './objects.js';

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

  it.each(['', '{', '01', '1.', "{'a':1}", 'nan', 'Infinity 1', '"NaN', '[NaN5]', '1Infinity', 'Infinity.5'])(
    'refuses %j',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );

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

describe('key order', () => {
  it.each([
    '{"b":1,"2":1,"1":1}',
    '{"10":{"9":[{"b":1.0,"0":NaN}]},"9":"10","":0}',
    '{"x":"\\"1\\": 2","2":"\\\\","1":":"}',
    '{"2":1,"__proto__":{"3":1,"1":2},"0":1}',
    '[{"z":"}","1":12345678901234567890}]',
    '{"2.":1,"2":2,"1":3}',
  ])('of %s is kept', (text) => {
    expect(exactJson(parseJson(text))).toBe(text);
  });

  it('is that of the first of several equal keys, with the value of the last', () => {
    expect(stringifyJson(parseJson(' { "b" : 1 , "1"\n: 2, "b": 3 } '))).toBe('{"b":3,"1":2}');
  });

  it('is not kept in long texts, which would take too long', () => {
    const text = (keys: number): string =>
      `{"b":1,${Array.from({ length: keys }, (_, at) => `"${keys - at}":0`).join()}}`;
    expect(stringifyJson(parseJson(text(20_000)))).toBe(text(20_000));
    expect(Object.keys(parseJson(text(50_000)) as object)[0]).toBe('1');
  });

  it('refuses bad text with whole numbers as keys', () => {
    expect(() => parseJson('{"1":}')).toThrow(SyntaxError);
    expect(() => parseJson('{"1":nan,"a":NaN}')).toThrow(SyntaxError);
  });
});

describe('exactJson', () => {
  const value = { a: [Number.NaN, 'NaN', Number.POSITIVE_INFINITY], b: Number.NEGATIVE_INFINITY, c: 0.5 };
  const text = '{"a":[NaN,"NaN",Infinity],"b":-Infinity,"c":0.5}';

  it('writes NaN and infinities as Python does, and they are read again', () => {
    expect(exactJson(value)).toBe(text);
    expect(parseJson(text)).toEqual(value);
  });

  it('becomes JSON for everybody', () => {
    expect(publicJson(text)).toBe('{"a":[null,"NaN",null],"b":null,"c":0.5}');
    expect(publicJson('{"a":"NaN Infinity","b":1.0}')).toBe('{"a":"NaN Infinity","b":1.0}');
    expect(publicJson('{"a":1}')).toBe('{"a":1}');
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

const key = fc.oneof(fc.string(), fc.nat().map(String), fc.constant('__proto__'));

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
    fc.uniqueArray(fc.tuple(key, tie('value')), { selector: ([name]) => name }).map(objectOf),
  ),
}));

it('gives back every value it wrote', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const text = stringifyJson(value);
      expect(parseJson(text)).toEqual(value);
      expect(stringifyJson(parseJson(text))).toBe(text);
      expect(exactJson(parseJson(text))).toBe(text);
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
