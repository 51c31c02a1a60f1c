import { Turns } from './turns.js';

const never = new AbortController().signal;

/** Takes a turn and notes when it comes. */
function taker(turns: Turns): {
  take: (tenantId: string, label: string) => void;
  order: string[];
  end: (label: string) => Promise<void>;
} {
  const order: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    order,
    take(tenantId, label) {
      void turns.take(tenantId, never).then((giveBack) => {
        order.push(label);
        ends.set(label, giveBack);
      });
    },
    async end(label) {
      ends.get(label)?.();
      await Promise.resolve();
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('T1: no more turns than slots', async () => {
  const { take, order } = taker(new Turns(2));
  take('a', 'a1');
  take('b', 'b1');
  take('c', 'c1');
  await settled();
  expect(order).toEqual(['a1', 'b1']);
});

test('T2: a free turn goes to the tenant that holds the fewest', async () => {
  const { take, order, end } = taker(new Turns(3));
  for (const label of ['a1', 'a2', 'a3', 'a4']) take('a', label);
  take('b', 'b1');
  take('b', 'b2');
  take('c', 'c1');
  await settled();
  expect(order).toEqual(['a1', 'a2', 'b1']);
  await end('a1');
  await settled();
  expect(order.at(-1)).toBe('c1');
});

test('T3: one tenant leaves a slot for others', async () => {
  const { take, order } = taker(new Turns(3));
  for (const label of ['a1', 'a2', 'a3', 'a4']) take('a', label);
  await settled();
  expect(order).toEqual(['a1', 'a2']);
  take('b', 'b1');
  await settled();
  expect(order).toEqual(['a1', 'a2', 'b1']);
});

test('a single slot serves everyone in turn', async () => {
  const { take, order, end } = taker(new Turns(1));
  take('a', 'a1');
  take('a', 'a2');
  take('b', 'b1');
  await settled();
  await end('a1');
  await settled();
  await end('b1');
  await settled();
  expect(order).toEqual(['a1', 'b1', 'a2']);
});

test('T2: queues of several tenants do not starve one that comes later', async () => {
  const { take, order, end } = taker(new Turns(3));
  for (const tenant of ['a', 'b', 'c', 'd']) for (let run = 1; run <= 9; run++) take(tenant, tenant + String(run));
  await settled();
  take('late', 'late1');
  expect(order).toEqual(['a1', 'a2', 'b1']);
  for (const label of ['a1', 'b1', 'a2']) {
    await end(label);
    await settled();
  }
  expect(order.slice(3)).toEqual(['c1', 'd1', 'late1']);
  take('late', 'late2');
  for (const label of ['c1', 'd1', 'late1']) {
    await end(label);
    await settled();
  }
  expect(order.slice(6)).toEqual(['a3', 'b2', 'c2']);
});

test('who leaves does not take a turn', async () => {
  const turns = new Turns(1);
  const giveBack = await turns.take('a', never);
  const leaver = new AbortController();
  const left = turns.take('b', leaver.signal);
  leaver.abort(new Error('no longer wanted'));
  await expect(left).rejects.toThrow('no longer wanted');
  giveBack();
  await expect(turns.take('c', never)).resolves.toBeInstanceOf(Function);
  expect(turns.waiting).toBe(0);
});
