import { metricDefinitions } from './metric-catalogue.js';
import { unitOf } from './metric-unit.js';

describe('the catalogue of metrics', () => {
  it('names each once, by the conventions of Prometheus (M1)', () => {
    expect(new Set(metricDefinitions.map(({ name }) => name)).size).toBe(metricDefinitions.length);
    for (const { name, type } of metricDefinitions) {
      expect(name).toMatch(/^millrace(_[a-z]+)+$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(name).not.toMatch(/(_ms|_milliseconds|_kb|_mb|_minutes|_hours|_count|_sum|_bucket)(_total)?$/);
      if (type === 'histogram')
        expect([name, ['seconds', 'count']]).toEqual([name, expect.arrayContaining([unitOf({ name })])]);
    }
  });
});
