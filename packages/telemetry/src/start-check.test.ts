import type { Finding } from '@millrace/contracts';
import { checkStart, UnfitSurroundings } from './start-check.js';

const evicting: Finding = { check: 'redis', problem: 'It may evict.', remedy: 'Set noeviction.' };
const pending: Finding = { check: 'schema', problem: 'It is old.', remedy: 'Migrate.' };
const told: Error[] = [];
const onTrouble = (error: Error): void => void told.push(error);
beforeEach(() => void told.splice(0));

it('is content with what is fit', async () => {
  await checkStart({ looks: [async () => [], async () => []], allow: [], onTrouble });
  expect(told).toEqual([]);
});

it('refuses what is wrong, in one message that says what to do', async () => {
  const looks = [async () => [evicting], async () => [pending]];
  const error: unknown = await checkStart({ looks, allow: [], onTrouble }).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(UnfitSurroundings);
  expect((error as Error).message).toBe(
    'It may evict. Set noeviction. (MILLRACE_ALLOW_UNSAFE=redis starts all the same.) ' +
      'It is old. Migrate. (MILLRACE_ALLOW_UNSAFE=schema starts all the same.)',
  );
});

it('only tells what is allowed', async () => {
  const looks = [async () => [evicting], async () => [pending]];
  await expect(checkStart({ looks, allow: ['redis'], onTrouble })).rejects.toThrow(/^It is old/);
  await checkStart({ looks, allow: ['redis', 'schema'], onTrouble });
  expect(told.map(({ message }) => message)).toEqual([
    expect.stringContaining('evict'),
    expect.stringContaining('old'),
  ]);
});

it('waits for what is away, and looks only at that again (W1)', async () => {
  const looked = { redis: 0, postgres: 0 };
  const looks = [
    async () => {
      looked.redis++;
      return [];
    },
    async () => {
      looked.postgres++;
      if (looked.postgres < 4) throw new Error('ECONNREFUSED');
      return [];
    },
  ];
  await checkStart({ looks, allow: [], onTrouble, everyMs: 1 });
  expect(looked).toEqual({ redis: 1, postgres: 4 });
  expect(told.map(({ message }) => message)).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
});

it('refuses what turns out to be wrong when the outage is over', async () => {
  let away = true;
  const look = async () => {
    if (!away) return [pending];
    away = false;
    throw new Error('starting up');
  };
  await expect(checkStart({ looks: [look], allow: [], onTrouble, everyMs: 1 })).rejects.toThrow(UnfitSurroundings);
});

it('gives up waiting when the process is to end', async () => {
  const stopping = new AbortController();
  const checking = checkStart({
    looks: [() => Promise.reject(new Error('away'))],
    allow: [],
    onTrouble,
    signal: stopping.signal,
  });
  stopping.abort();
  await checking;
});
