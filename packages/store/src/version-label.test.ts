import { nextVersionLabel } from './version-label.js';

const nowMs = Date.UTC(2026, 1, 3, 4, 5, 6, 789);

describe('nextVersionLabel', () => {
  it('is the time of publishing', () => {
    expect(nextVersionLabel(nowMs)).toBe('2026-02-03 04:05:06.789000');
    expect(nextVersionLabel(nowMs, '2026-02-03 04:05:06.788999')).toBe('2026-02-03 04:05:06.789000');
  });

  it.each([
    ['2026-02-03 04:05:06.789000', '2026-02-03 04:05:06.789001'],
    ['2026-02-03 04:05:06.789999', '2026-02-03 04:05:06.790000'],
    ['2026-12-31 23:59:59.999999', '2027-01-01 00:00:00.000000'],
  ])('comes after %s', (last, next) => {
    expect(nextVersionLabel(nowMs, last)).toBe(next);
  });
});
