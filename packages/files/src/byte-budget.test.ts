import { ByteBudget, type Share } from './byte-budget.js';

/** Asks, and notes who has been served. */
function setUp(total: number) {
  const budget = new ByteBudget(total);
  const served: string[] = [];
  const shares = new Map<string, Share>();
  const ask = (name: string, bytes: number, signal?: AbortSignal) =>
    budget.take(name[0] ?? '', bytes, signal).then((share) => {
      served.push(name);
      shares.set(name, share);
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { budget, served, shares, ask, settle };
}

it('B1: shares never exceed the budget, and whoever waits is served in time', async () => {
  const { budget, shares } = setUp(1000);
  let most = 0;
  const work = async (at: number) => {
    const share = await budget.take(`tenant ${at % 7}`, 50 + ((at * 37) % 700));
    most = Math.max(most, budget.taken);
    await new Promise((resolve) => setImmediate(resolve));
    share.shrinkTo(10);
    await new Promise((resolve) => setImmediate(resolve));
    share.release();
    share.release();
  };
  await Promise.all(Array.from({ length: 300 }, (_, at) => work(at)));
  expect(most).toBeLessThanOrEqual(1000);
  expect(most).toBeGreaterThan(500);
  expect([budget.taken, budget.waiting, shares.size]).toEqual([0, 0, 0]);
});

it('B1: a wish larger than the budget is served alone in its tenant', async () => {
  const { budget, served, shares, ask, settle } = setUp(100);
  void ask('a1', 5000);
  void ask('a2', 1);
  await settle();
  expect([served, budget.taken]).toEqual([['a1'], 75]);
  shares.get('a1')?.release();
  await settle();
  expect(served).toEqual(['a1', 'a2']);
});

it('B2: tenants take turns, whatever one has queued before', async () => {
  const { served, shares, ask, settle } = setUp(100);
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5']) void ask(name, 30);
  void ask('b1', 30);
  await settle();
  // a3 is beyond the tenant's part: b goes first, though it came last.
  expect(served).toEqual(['a1', 'a2', 'b1']);
  shares.get('a1')?.release();
  await settle();
  expect(served).toEqual(['a1', 'a2', 'b1', 'a3']);
});

it('B2: a large wish is not overtaken by small ones for ever', async () => {
  const { served, shares, ask, settle } = setUp(100);
  void ask('a1', 70);
  void ask('b1', 60);
  void ask('c1', 10);
  await settle();
  expect(served).toEqual(['a1']);
  shares.get('a1')?.release();
  await settle();
  expect(served).toEqual(['a1', 'b1', 'c1']);
});

it('B3: no tenant holds everything', async () => {
  const { budget, served, ask, settle } = setUp(100);
  for (let at = 0; at < 20; at++) void ask(`a${at}`, 10);
  await settle();
  expect(budget.taken).toBe(70);
  void ask('b', 25);
  await settle();
  expect(served).toContain('b');
});

it('takes nobody into account who has gone', async () => {
  const { budget, served, ask, settle } = setUp(100);
  const gone = new AbortController();
  void ask('a1', 70);
  const left = ask('b1', 60, gone.signal);
  void ask('c1', 10);
  gone.abort(new Error('stopped'));
  await expect(left).rejects.toThrow('stopped');
  await settle();
  expect([served, budget.waiting]).toEqual([['a1', 'c1'], 0]);
  await expect(ask('d', 1, gone.signal)).rejects.toThrow('stopped');
});

it('lets pass what needs nothing', async () => {
  const { served, ask } = setUp(10);
  await ask('a1', 7);
  await ask('b1', 0);
  expect(served).toEqual(['a1', 'b1']);
});
