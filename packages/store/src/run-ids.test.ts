import { newRunId, runCreatedAtMs } from '@millrace/contracts';
import { firstRunIdOf, lastRunIdOf, maxIdMs, withinIds } from './run-ids.js';

describe('bounds of run ids', () => {
  it.each([0, 1, 1_790_000_000_123, maxIdMs])('enclose the ids of millisecond %i only', (ms) => {
    const id = newRunId(ms);
    expect(runCreatedAtMs(id)).toBe(ms);
    expect(firstRunIdOf(ms) <= id && id <= lastRunIdOf(ms)).toBe(true);
    if (ms < maxIdMs) expect(id < firstRunIdOf(ms + 1)).toBe(true);
    if (ms > 0) expect(id > lastRunIdOf(ms - 1)).toBe(true);
  });

  it('exist for any time', () => {
    expect([-5, 1.4, Infinity].map(withinIds)).toEqual([0, 1, maxIdMs]);
  });
});
