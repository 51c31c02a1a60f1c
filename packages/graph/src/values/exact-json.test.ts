import fc from 'fast-check';
import { NotReadable, readExactly } from './exact-json.js';

/** What `JSON.parse` makes of it, as text: it tells `-0` and the order of keys too. */
function shown(read: () => unknown): string {
  try {
    return JSON.stringify(read(), (_key, value: unknown) => (Object.is(value, -0) ? '-0' : value));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NotReadable) return 'not readable';
    throw error;
  }
}
const same = (text: string): void =>
  expect(shown(() => readExactly(text, Number, false))).toBe(shown(() => JSON.parse(text) as unknown));

describe('readExactly', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat(2), (text, indent) =>
        same(JSON.stringify(JSON.parse(text), null, indent)),
      ),
    );
  });

  it('refuses what JSON.parse refuses', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '"a"',
      '"\\u0041"',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'null',
      ' ',
      '\n',
      '\u0001',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => same(parts.join(''))),
      {
        numRuns: 3_000,
      },
    );
  });

  it.each([
    '{"__proto__":{"a":1},"b":2}',
    '{"a":1,"a":2}',
    '{"2":1,"1":2}',
    '"\\\\"',
    '"\\\\\\""',
    '-0',
    ' [ ] ',
    '"\ud800"',
    '01',
    '[1,]',
    '"a\nb"',
  ])('%j', same);

  it('hands over the source of numbers', () => {
    expect(readExactly('[1.0,{"a":-12e+3}]', (source) => source, false)).toEqual(['1.0', { a: '-12e+3' }]);
  });

  it('leaves what is nested deep to others', () => {
    expect(() => readExactly('['.repeat(100_000), Number, false)).toThrow(NotReadable);
  });
});
