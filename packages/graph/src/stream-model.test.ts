import { StreamModel, type Chunk } from './stream-model.js';

const newline = { text: '\n', selector: '["e","answer"]' };
const variable = (sel: number, node: number) => ({ sel, node, selector: `["n${node}","text"]` });
const texts = (chunks: Chunk[]): string[] => chunks.map(({ text }) => text);

/** The worked example of dsl 5.6: start 0, llm_a 1, llm_b 2, code 3, end 4. */
const example = {
  ends: [{ node: 4, paths: [[]], segments: [variable(0, 1), newline, variable(1, 3), newline, variable(2, 2)] }],
};

describe('StreamModel', () => {
  it('keeps the order of the outputs (dsl 5.6)', () => {
    const stream = new StreamModel(example);
    expect(stream.start()).toEqual([]);
    expect(stream.append(2, 'B1')).toEqual([]);
    expect(stream.append(0, 'A1')).toEqual([{ text: 'A1', selector: '["n1","text"]' }]);
    expect(stream.append(2, 'B2')).toEqual([]);
    expect(stream.settle({ node: 3, values: [[1, '3']] })).toEqual([]);
    expect(stream.append(0, 'A2')).toEqual([{ text: 'A2', selector: '["n1","text"]' }]);
    expect(stream.settle({ node: 1, closes: [0], values: [[0, 'A1A2']] })).toEqual([
      { text: '', selector: '["n1","text"]' },
      { text: '\n', selector: '["e","answer"]' },
      { text: '3', selector: '["n3","text"]' },
      { text: '\n', selector: '["e","answer"]' },
      { text: 'B1B2', selector: '["n2","text"]' },
    ]);
    expect(texts(stream.append(2, 'B3', true))).toEqual(['B3', '']);
    expect(stream.settle({ node: 2, closes: [2] })).toEqual([]);
    expect(stream.settle({ node: 4 })).toEqual([]);
  });

  it('passes over skipped sources and variables that were never produced', () => {
    const stream = new StreamModel(example);
    stream.start();
    expect(texts(stream.settle({ node: 0, skipped: [1, 3] }))).toEqual(['\n', '\n']);
    expect(texts(stream.settle({ node: 2 }))).toEqual([]);
  });

  it('flushes what is left when the End node itself is done', () => {
    const stream = new StreamModel(example);
    stream.start();
    stream.settle({ node: 3, values: [[1, '3']] });
    expect(texts(stream.settle({ node: 4 }))).toEqual(['\n', '3', '\n']);
  });

  it('starts an End once all blocking edges of one path are taken, the next End after it', () => {
    const stream = new StreamModel({
      ends: [
        { node: 8, paths: [[1, 2], [3]], segments: [variable(0, 1)] },
        { node: 9, paths: [[5]], segments: [variable(1, 2)] },
      ],
    });
    expect(stream.start()).toEqual([]);
    expect(stream.settle({ node: 2, values: [[1, 'late']], taken: [1] })).toEqual([]);
    expect(stream.settle({ node: 3, taken: [5] })).toEqual([{ text: 'late', selector: '["n2","text"]' }]);
    expect(stream.settle({ node: 1, values: [[0, 'x']] })).toEqual([]);
    expect(stream.settle({ node: 4, taken: [2] })).toEqual([{ text: 'x', selector: '["n1","text"]' }]);
  });

  it('shows the same text once for each segment that lists it', () => {
    const ends = [
      { node: 8, paths: [[]], segments: [variable(0, 1), newline, variable(0, 1)] },
      { node: 9, paths: [[]], segments: [variable(0, 1)] },
    ];
    const stream = new StreamModel({ ends });
    stream.start();
    expect(texts(stream.append(0, 'a'))).toEqual(['a']);
    expect(texts(stream.append(0, 'b'))).toEqual(['b']);
    expect(texts(stream.settle({ node: 1, closes: [0] }))).toEqual(['', '\n', 'ab', '', 'ab', '']);
  });

  it('sends no chunk that is one too many, and nothing after it', () => {
    const stream = new StreamModel(example, 3);
    stream.start();
    expect(texts(stream.settle({ node: 1, values: [[0, 'ab']] }))).toEqual(['ab', '\n']);
    expect(stream.exceeded).toBe(false);
    expect(texts(stream.settle({ node: 3, values: [[1, 'c']] }))).toEqual([]);
    expect(stream.exceeded).toBe(true);
    expect(texts(stream.append(2, '', true))).toEqual([]);
  });

  it('shows the value of a node that streamed nothing', () => {
    const stream = new StreamModel(example);
    stream.start();
    expect(texts(stream.settle({ node: 1, closes: [0], values: [[0, 'whole']] }))).toEqual(['whole', '\n']);
  });
});
