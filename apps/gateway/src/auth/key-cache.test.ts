import { createKeyCache } from './key-cache.js';

function setUp(values: Record<string, string | undefined>) {
  const time = { now: 0 };
  const asked: string[] = [];
  const cache = createKeyCache<string>(
    async (key) => {
      asked.push(key);
      return values[key];
    },
    { foundMs: 1000, missingMs: 250, capacity: 2, now: () => time.now },
  );
  return { cache, asked, time, values };
}

describe('key cache', () => {
  it('shares look-ups and remembers for a while', async () => {
    const { cache, asked, time } = setUp({ a: 'A' });
    expect(await Promise.all([cache.get('a'), cache.get('a')])).toEqual(['A', 'A']);
    time.now = 999;
    await cache.get('a');
    expect(asked).toEqual(['a']);
    time.now = 1000;
    await cache.get('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('remembers what is missing for a shorter time', async () => {
    const { cache, asked, time } = setUp({});
    await cache.get('a');
    time.now = 249;
    await cache.get('a');
    expect(asked).toHaveLength(1);
    time.now = 250;
    await cache.get('a');
    expect(asked).toHaveLength(2);
  });

  it('does not remember failures', async () => {
    let fail = true;
    const cache = createKeyCache<string>(async () => {
      if (fail) throw new Error('away');
      return 'A';
    });
    await expect(cache.get('a')).rejects.toThrow('away');
    fail = false;
    expect(await cache.get('a')).toBe('A');
  });

  it('forgets what fits and what is not known yet', async () => {
    const { cache, asked, values } = setUp({ a: 'A', b: 'B' });
    await cache.get('a');
    await cache.get('b');
    const pending = cache.get('c');
    cache.forget((value) => value === 'A');
    await pending;
    values['c'] = 'C';
    expect(await cache.get('c')).toBe('C');
    expect(asked.filter((key) => key === 'c')).toHaveLength(2);
  });

  it('keeps no more than its capacity', async () => {
    const { cache, asked } = setUp({ a: 'A', b: 'B', c: 'C' });
    for (const key of ['a', 'b', 'c', 'a']) await cache.get(key);
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });
});
