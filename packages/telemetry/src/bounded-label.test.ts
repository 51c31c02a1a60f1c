import { createBoundedLabel, otherLabel } from './bounded-label.js';

describe('a bounded label (M2)', () => {
  it('gives the first values a place and calls the rest other', () => {
    const label = createBoundedLabel({ max: 2 });
    expect(['a', 'b', 'c', 'a', 'c', 'b'].map((value) => label.of(value))).toEqual([
      'a',
      'b',
      otherLabel,
      'a',
      otherLabel,
      'b',
    ]);
  });

  it('passes the place of a value that is idle to one that has none, and tells of it', () => {
    let nowMs = 0;
    const left: string[] = [];
    const label = createBoundedLabel({ max: 2, idleMs: 100, now: () => nowMs, onLeave: (value) => left.push(value) });
    label.of('a');
    label.of('b');
    nowMs = 99;
    label.of('a');
    expect(label.of('c')).toBe(otherLabel);
    nowMs = 100;
    expect(label.of('c')).toBe('c');
    expect(label.of('b')).toBe(otherLabel);
    expect(label.of('a')).toBe('a');
    expect(left).toEqual(['b']);
  });

  it('claims nothing for a value that is only asked for', () => {
    const label = createBoundedLabel({ max: 1 });
    expect(label.of('a', { claim: false })).toBe(otherLabel);
    label.of('a');
    expect(label.of('a', { claim: false })).toBe('a');
  });

  it('with no places calls all other', () => {
    expect(createBoundedLabel({ max: 0 }).of('a')).toBe(otherLabel);
  });
});
