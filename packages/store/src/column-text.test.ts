import { fromColumn, toColumn } from './column-text.js';

describe('toColumn', () => {
  it('leaves ordinary text alone', () => {
    expect(toColumn('Grüße 👋\n')).toBe('Grüße 👋\n');
  });

  it.each(['\0', 'a\0b\0', '\u001a', '\u001a0000', '\ud800', 'x\udc00y', '👋\ud83d', '\ud83d👋', '\0\u001a\udfff👋'])(
    'keeps %j',
    (text) => {
      const stored = toColumn(text);
      expect(stored).not.toContain('\0');
      expect(stored.isWellFormed()).toBe(true);
      expect(fromColumn(stored)).toBe(text);
    },
  );
});
