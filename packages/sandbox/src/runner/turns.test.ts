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

describe('T4: long runs keep no more than two thirds from those that hold none', () => {
  const soon = { longAfterMs: 5 };
  const long = () => new Promise((resolve) => setTimeout(resolve, 40));

  /** Takes turns that are given back when they are revoked, and taken again as long ones. */
  function hostile(turns: Turns) {
    const { take: _, ...notes } = taker(turns);
    const revoked: string[] = [];
    const again: string[] = [];
    let held = 0;
    const take = async (tenantId: string, label: string): Promise<void> => {
      let giveBack = (): void => undefined;
      giveBack = await turns.take(tenantId, never, () => {
        revoked.push(label);
        held--;
        giveBack();
        void turns.takeLong(tenantId, never).then((back) => {
          again.push(label);
          held++;
          giveBack = back;
        });
      });
      held++;
    };
    return { ...notes, revoked, again, take, held: () => held };
  }

  test('a tenant that comes is served after the time of a short run, whoever has queued what', async () => {
    const turns = new Turns(5, soon);
    const { take, revoked, again, held } = hostile(turns);
    for (const tenant of ['a', 'b', 'c', 'd']) for (let run = 0; run < 10; run++) void take(tenant, `${tenant}${run}`);
    await settled();
    for (let call = 0; call < 20; call++) {
      const giveBack = await turns.take('e', never, () => revoked.push('e'));
      giveBack();
    }
    expect(revoked.length).toBeGreaterThan(0);
    expect(revoked).not.toContain('e');
    // Those that were revoked have their turns too, but never more of them than there are long ones.
    await long();
    expect(again.length).toBeLessThanOrEqual(3);
    expect(held()).toBeLessThanOrEqual(5);
  });

  test('a turn is revoked once: the second is kept to its end', async () => {
    const turns = new Turns(3, soon);
    const { take, revoked, again } = hostile(turns);
    for (const tenant of ['a', 'b', 'c']) void take(tenant, tenant);
    await settled();
    await long();
    const first = await turns.take('e', never);
    expect(revoked).toEqual(['c']);
    first();
    await long();
    // Two are long already: what was revoked waits, and the third slot is free.
    const second = await turns.take('e', never);
    second();
    expect([revoked, again]).toEqual([['c'], []]);
  });

  test('nothing is revoked for the same tenant, nor for one that holds a turn', async () => {
    const turns = new Turns(3, soon);
    const { take, revoked } = hostile(turns);
    for (const label of ['a1', 'a2', 'a3']) void take('a', label);
    void take('b', 'b1');
    void take('b', 'b2');
    await settled();
    await long();
    expect(revoked).toEqual([]);
  });

  test('nothing is revoked while slots are free', async () => {
    const turns = new Turns(3, soon);
    const { take, revoked } = hostile(turns);
    void take('a', 'a1');
    void take('b', 'b1');
    await long();
    const giveBack = await turns.take('c', never);
    giveBack();
    expect(revoked).toEqual([]);
  });

  test('what was revoked gets its turn when long ones end', async () => {
    const turns = new Turns(3, soon);
    const ends = [await turns.take('a', never), await turns.take('b', never)];
    const { take, revoked, again } = hostile(turns);
    void take('c', 'c');
    await settled();
    await long();
    const giveBack = await turns.take('e', never);
    expect(revoked).toEqual(['c']);
    ends[0]?.();
    giveBack();
    await long();
    expect(again).toEqual(['c']);
  });
});
