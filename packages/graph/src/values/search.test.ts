import fc from 'fast-check';
import { includesText, indexOfText, lastIndexOfText, splitText } from './search.js';

/** Few letters, so that parts recur and overlap. */
const letters = fc.string({ unit: fc.constantFrom('a', 'a', 'a', 'b'), minLength: 33, maxLength: 48 });

describe('searches in texts', () => {
  it('find what those of the engine find', () => {
    const cases = fc.record({ before: letters, part: letters, again: fc.nat(3), after: letters, cut: fc.nat(20) });
    fc.assert(
      fc.property(cases, ({ before, part, again, after, cut }) => {
        const text = before + part.slice(0, cut) + part.repeat(again) + after;
        for (const wanted of [part, part.slice(0, 4)]) {
          expect(indexOfText(text, wanted)).toBe(text.indexOf(wanted));
          expect(lastIndexOfText(text, wanted)).toBe(text.lastIndexOf(wanted));
          expect(includesText(text, wanted)).toBe(text.includes(wanted));
          expect(splitText(text, wanted)).toEqual(text.split(wanted));
        }
      }),
    );
  });

  it('take time in proportion to the lengths together', () => {
    const text = 'a'.repeat(2_000_000);
    const part = `${'a'.repeat(500_000)}b${'a'.repeat(500_000)}`;
    expect(includesText(text, part)).toBe(false);
    expect(lastIndexOfText(text, part)).toBe(-1);
    expect(splitText(text, part)).toEqual([text]);
  });
});
