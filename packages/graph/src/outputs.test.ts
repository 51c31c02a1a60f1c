import { mergeOutputs } from './outputs.js';

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
});
