import { mergeOutputs } from './outputs.js';
import { objectOf } from './values/objects.js';

describe('mergeOutputs (dsl 3.5)', () => {
  it.each([
    [[], {}],
    [[{ a: 1, b: 2 }, { b: 3 }], { a: 1, b: 3 }],
    [[{ answer: 'x' }, { answer: 'y', z: null }], { answer: 'xy', z: null }],
    [[{ answer: '' }, { answer: 5 }], { answer: 5 }],
    [[{ answer: true }, { answer: 5 }], { answer: 'True5' }],
  ])('%j', (outputs, merged) => {
    expect(mergeOutputs(outputs)).toEqual(merged);
  });

  it('keeps names in the order they came', () => {
    const merged = mergeOutputs([
      objectOf([
        ['b', 1],
        ['3', 1],
      ]),
      { '2': 1 },
      objectOf([['__proto__', 1]]),
    ]);
    expect(Object.keys(merged)).toEqual(['b', '3', '2', '__proto__']);
  });
});
