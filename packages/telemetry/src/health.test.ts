import { answersInTime, serveHealth, type HealthServer } from './health.js';
import { createMetrics } from './metrics.js';

describe('serveHealth', () => {
  let server: HealthServer;
  let ready: () => Promise<boolean>;
  const metrics = createMetrics({ service: 'test' });
  beforeAll(async () => {
    server = await serveHealth({ port: 0, host: '127.0.0.1', ready: () => ready(), metrics });
  });
  afterAll(() => server.close());
  const get = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method });

  it('is live whatever its dependencies do', async () => {
    ready = () => Promise.reject(new Error('down'));
    expect((await get('/health/live')).status).toBe(200);
  });

  it('is ready only when its dependencies answer', async () => {
    ready = () => Promise.resolve(true);
    expect((await get('/health/ready')).status).toBe(200);
    ready = () => Promise.resolve(false);
    expect((await get('/health/ready')).status).toBe(503);
    ready = () => Promise.reject(new Error('down'));
    expect((await get('/health/ready?verbose')).status).toBe(503);
  });

  it('calls a check that hangs a no', async () => {
    expect(await answersInTime(() => new Promise(() => undefined), 1)).toBe(false);
  });

  it('shows counters, gauges and process metrics', async () => {
    metrics.counter({ name: 'millrace_test_total', help: 'h', labels: ['kind'] }).inc({ kind: 'a' }, 2);
    metrics.gauge({ name: 'millrace_test_depth', help: 'h', collect: (gauge) => gauge.set(7) });
    const text = await (await get('/metrics')).text();
    expect(text).toContain('millrace_test_total{kind="a",service="test"} 2');
    expect(text).toContain('millrace_test_depth{service="test"} 7');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('knows no other path or method', async () => {
    expect((await get('/')).status).toBe(404);
    expect((await get('/health/live', 'POST')).status).toBe(405);
  });
});
