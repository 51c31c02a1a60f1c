import { isLongerThan } from './text.js';

describe('length of a text', () => {
  it.each([
    ['', 0, false],
    ['abc', 3, false],
    ['abcd', 3, true],
    ['😀😀😀', 3, false],
    ['😀😀😀a', 3, true],
    ['x'.repeat(7), 3, true],
  ])('%j is longer than %i: %p', (text, most, longer) => expect(isLongerThan(most, text)).toBe(longer));
});
