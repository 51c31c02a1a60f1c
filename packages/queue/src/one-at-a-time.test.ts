import { createOneAtATime } from './one-at-a-time.js';

it('works on one of an id at a time, in order, and returns when all are done', async () => {
  const oneAtATime = createOneAtATime();
  const told: string[] = [];
  const parts = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const run = (id: string, name: string, part: Promise<unknown>) =>
    oneAtATime(id, async () => {
      told.push(`${name} begins`);
      await part;
      told.push(`${name} is done`);
    }).then(() => told.push(`${name} returns`));
  const all = parts.map(({ promise }, i) => run('same', `${i}`, promise));
  await run('other', 'other', Promise.resolve());
  parts[0]?.resolve(undefined);
  while (!told.includes('1 begins')) await new Promise(setImmediate);
  expect(told.filter((each) => !each.startsWith('other'))).toEqual(['0 begins', '0 is done', '1 begins']);
  parts[1]?.resolve(undefined);
  await Promise.all(all);
  expect(told.slice(-3).sort()).toEqual(['0 returns', '1 is done', '1 returns']);
});

it('goes on after a failure, which is its own', async () => {
  const oneAtATime = createOneAtATime();
  const gone = Promise.withResolvers<undefined>();
  const first = oneAtATime('same', () => gone.promise);
  const second = oneAtATime('same', async () => undefined);
  gone.reject(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await expect(second).resolves.toBeUndefined();
  await expect(oneAtATime('same', async () => undefined)).resolves.toBeUndefined();
});
