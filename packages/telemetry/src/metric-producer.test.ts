import { createMetricProducer } from './metric-producer.js';
import { createMetrics } from './metrics.js';

describe('metrics for OTLP', () => {
  it('are the values of the Prometheus metrics, with each bucket counted by itself', async () => {
    const metrics = createMetrics({ service: 'test' });
    metrics.counter({ name: 'runs_total', help: 'Runs.', labels: ['status'] }).inc({ status: 'failed' }, 3);
    metrics.gauge({ name: 'depth', help: 'Depth.' }).set(7);
    const seconds = metrics.histogram({ name: 'wait_seconds', help: 'Wait.', labels: ['kind'], buckets: [0.1, 1] });
    for (const value of [0.05, 0.06, 0.5, 20]) seconds.observe({ kind: 'a' }, value);
    seconds.observe({ kind: 'b' }, 0.5);

    const { resourceMetrics } = await createMetricProducer(() => [metrics]).collect();
    const byName = new Map(resourceMetrics.scopeMetrics[0]?.metrics.map((metric) => [metric.descriptor.name, metric]));
    expect(byName.get('runs_total')).toMatchObject({
      isMonotonic: true,
      dataPoints: [{ value: 3, attributes: { status: 'failed', service: 'test' } }],
    });
    expect(byName.get('depth')).toMatchObject({ dataPoints: [{ value: 7 }] });
    expect(byName.get('wait_seconds')?.dataPoints).toMatchObject([
      {
        attributes: { kind: 'a', service: 'test' },
        value: { buckets: { boundaries: [0.1, 1], counts: [2, 1, 1] }, sum: 20.61, count: 4 },
      },
      { attributes: { kind: 'b' }, value: { buckets: { counts: [0, 1, 0] }, count: 1 } },
    ]);
  });
});
