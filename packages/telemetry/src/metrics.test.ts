import { newId, newRunId, type RunContext } from '@millrace/contracts';
import { exemplarOf } from './exemplar.js';
import { createMetrics } from './metrics.js';
import { createRunMetrics } from './run-metrics.js';

const traceId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const sampled = `00-${traceId}-0123456789abcdef-01`;

const runOf = (tenantId: string, traceparent: string): RunContext => ({
  ...{ runId: newRunId(Date.now()), shard: 0, tenantId, appId: newId(), versionId: newId(), taskId: newId() },
  ...{ endUserId: newId(), user: 'u', traceId: 't', trace: { traceparent }, createdAtMs: Date.now() },
});

describe('the text of metrics', () => {
  const metrics = createMetrics({ service: 'test' });
  const seconds = metrics.histogram({ name: 'wait_seconds', help: 'Wait.', labels: ['kind'], buckets: [0.1, 1] });
  seconds.observe({ kind: 'a' }, 0.5, exemplarOf(sampled));
  seconds.observe({ kind: 'a' }, 0.05);
  metrics.counter({ name: 'runs_total', help: 'Runs.' }).inc(2);

  it('is OpenMetrics with exemplars for who asks for it, and Prometheus for all others, also afterwards', async () => {
    for (const turn of [1, 2]) {
      const open = await metrics.text('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
      expect(open.contentType).toContain('application/openmetrics-text');
      expect(open.body).toContain(
        `wait_seconds_bucket{le="1",service="test",kind="a"} 2 # {trace_id="${traceId}"} 0.5 `,
      );
      expect(open.body).toContain('# TYPE runs counter\nruns_total{service="test"} 2\n');
      expect(open.body.endsWith('\n# EOF\n')).toBe(true);

      const plain = await metrics.text(turn === 1 ? undefined : '*/*');
      expect(plain.contentType).toContain('text/plain');
      expect(plain.body).toContain('# TYPE runs_total counter\nruns_total{service="test"} 2\n');
      expect(plain.body).not.toContain(traceId);
    }
  });
});

describe('an exemplar', () => {
  it('is the trace of a sampled traceparent only', () => {
    expect(exemplarOf(sampled)).toEqual({ trace_id: traceId });
    expect(exemplarOf(sampled.replace(/01$/, '00'))).toBeUndefined();
    expect(exemplarOf(undefined)).toBeUndefined();
  });
});

describe('the metrics of runs', () => {
  it('count by status, and by tenant up to the limit (M2)', async () => {
    const metrics = createMetrics({ service: 'test' });
    const { runEnded } = createRunMetrics(metrics, { maxTenants: 1 });
    const ending = { status: 'failed' as const, elapsedSeconds: 2, totalTokens: 7 };
    for (const tenant of ['first', 'second', 'third', 'first']) runEnded(runOf(tenant, sampled), ending);
    const { body } = await metrics.text();
    expect(body).toContain('millrace_run_duration_seconds_count{service="test",status="failed"} 4');
    expect(body).toContain('millrace_run_duration_seconds_count{service="test",status="succeeded"} 0');
    expect(body).toContain('millrace_tenant_runs_ended_total{tenant="first",status="failed",service="test"} 2');
    expect(body).toContain('millrace_tenant_runs_ended_total{tenant="other",status="failed",service="test"} 2');
    expect(body).toContain('millrace_tenant_run_seconds_total{tenant="other",service="test"} 4');
    expect(body).toContain('millrace_tenant_tokens_total{tenant="first",service="test"} 14');
    expect(body).not.toContain('tenant="second"');
  });
});
