import { gzipSync } from 'node:zlib';
import { eventsAfter, packEvents, unpackEvents } from './event-codec.js';

const event = (seq: number, text = 'x') => ({ id: `1-${seq}`, event: JSON.stringify({ event: 'text_chunk', text }) });

describe('packEvents', () => {
  it.each([0, 3, 5000])('keeps %i events', async (count) => {
    const events = Array.from({ length: count }, (_, seq) => event(seq, 'a\n\0 ✓'.repeat(5)));
    const { codec, bytes } = await packEvents(events);
    expect(await unpackEvents(codec, bytes)).toEqual(events);
  });

  it('reads what a Node without zstd stored', async () => {
    const bytes = gzipSync('1-1 {}');
    expect(await unpackEvents('gzip', bytes)).toEqual([{ id: '1-1', event: '{}' }]);
  });
});

describe('eventsAfter', () => {
  const events = [...[1, 9, 10].map((seq) => event(seq)), { id: '2-1', event: '{}' }];

  it.each([
    ['1-0', ['1-1', '1-9', '1-10', '2-1']],
    ['1-9', ['1-10', '2-1']],
    ['1-10', ['2-1']],
    ['2-1', []],
    ['nonsense', ['1-1', '1-9', '1-10', '2-1']],
  ])('after %s', (after, ids) => {
    expect(eventsAfter(events, after).map(({ id }) => id)).toEqual(ids);
  });
});
