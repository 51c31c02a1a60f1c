import { createGroup, settleEach } from './group.js';

/** A writer whose statements end when the test says so. */
function controlled() {
  const calls: { items: number[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const write = (items: number[]) =>
    new Promise<number[]>((resolve, reject) => {
      calls.push({
        items,
        finish: () => {
          resolve(items.map((item) => item * 10));
        },
        fail: reject,
      });
    });
  return { calls, write };
}

describe('createGroup', () => {
  it('sends the first at once and what arrives meanwhile together', async () => {
    const { calls, write } = controlled();
    const add = createGroup(write);
    const results = Promise.all([1, 2, 3].map(add));
    expect(calls.map((call) => call.items)).toEqual([[1]]);
    calls[0]!.finish();
    await new Promise(setImmediate);
    expect(calls.map((call) => call.items)).toEqual([[1], [2, 3]]);
    calls[1]!.finish();
    expect(await results).toEqual([10, 20, 30]);
  });

  it('sends no more than the largest size in one statement', async () => {
    const sizes: number[] = [];
    const add = createGroup(async (items: number[]) => {
      sizes.push(items.length);
      return items;
    }, 4);
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map(add));
    expect(sizes).toEqual([1, 4, 2]);
  });

  it('repeats a failed group one by one, so that only the bad item fails', async () => {
    const add = createGroup(async (items: number[]) => {
      if (items.includes(3)) throw new Error('bad');
      return items;
    });
    expect((await settleEach([1, 2, 3, 4].map(add))).map(String)).toEqual([
      'undefined',
      'undefined',
      'Error: bad',
      'undefined',
    ]);
  });

  it('fails all that wait when the server is gone, and works again later', async () => {
    let attempts = 0;
    const add = createGroup(async (items: number[]) => {
      attempts++;
      if (attempts <= 2) throw Object.assign(new Error('refused'), { code: attempts === 1 ? '22P02' : 'ECONNREFUSED' });
      return items;
    });
    const results = await Promise.allSettled([1, 2, 3].map(add));
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(attempts).toBe(2);
    expect(await add(4)).toBe(4);
  });
});

describe('settleEach', () => {
  it('throws when the server is gone', async () => {
    const gone = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    await expect(settleEach([Promise.resolve(1), Promise.reject(gone)])).rejects.toBe(gone);
  });
});
