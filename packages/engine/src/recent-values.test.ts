import { createRecentValues } from './recent-values.js';

const values = (entries: Record<string, string>) => new Map(Object.entries(entries));

describe('recent values', () => {
  it('answers when everything asked for is known, in the order asked', () => {
    const recent = createRecentValues();
    recent.keep('t', values({ a: '{"x":1}', b: '{}' }));
    expect(recent.of('t', ['b', 'a'])).toEqual(['{}', '{"x":1}']);
    expect(recent.of('t', [])).toEqual([]);
    expect(recent.of('t', ['a', 'c'])).toBeUndefined();
    expect(recent.of('other', ['a'])).toBeUndefined();
    expect(recent.of(undefined, [])).toBeUndefined();
  });

  it('keeps what fits: the oldest go first, large ones are not kept at all', () => {
    const recent = createRecentValues({ capacity: 1_000, largest: 500 });
    recent.keep('large', values({ a: 'x'.repeat(500) }));
    for (const token of ['1', '2', '3']) recent.keep(token, values({ a: 'x'.repeat(300) }));
    expect(['large', '1', '2', '3'].map((token) => recent.of(token, ['a']) !== undefined)).toEqual([
      ...[false, false, true, true],
    ]);
  });
});
