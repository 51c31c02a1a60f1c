import { clockOutcome, failed, ok, warning } from './outcome.js';
import { outcomesOf } from './redis.js';
import { renderOutcomes } from './render.js';

it('shows what was found, what to do, and a verdict', () => {
  const outcomes = [
    ok('redis', 'It answers.'),
    warning('disk', '900 MiB are free.', 'Make room.'),
    failed('port', 'Taken.', 'Free it.'),
  ];
  expect(renderOutcomes(outcomes)).toBe(
    [
      '✓ redis  It answers.',
      '! disk   900 MiB are free.',
      '         → Make room.',
      '✗ port   Taken.',
      '         → Free it.',
      '',
      '1 problem, 1 warning.',
    ].join('\n'),
  );
  expect(renderOutcomes([ok('redis', 'It answers.')])).toMatch(/\n\nNothing stands in the way\.$/);
});

it.each([
  [1000, 'ok'],
  [1500, 'ok'],
  [3400, 'warning'],
  [9000, 'failed'],
  [-9000, 'failed'],
])('a clock that said %d between 1000 and 2000: %s', (serverMs, status) => {
  expect(clockOutcome('clock', serverMs, 1000, 2000)).toMatchObject({ status });
});

it('warns of a Redis that is nearly full or forgets at a restart', () => {
  const facts = {
    version: '7.2.4',
    policy: 'noeviction',
    maxMemoryBytes: 1000 * 1024 ** 2,
    usedMemoryBytes: 900 * 1024 ** 2,
    aof: false,
    nowMs: 0,
  };
  expect(outcomesOf(facts).map(({ check, status }) => [check, status])).toEqual([
    ['redis', 'ok'],
    ['redis persistence', 'warning'],
    ['redis memory', 'warning'],
  ]);
});
