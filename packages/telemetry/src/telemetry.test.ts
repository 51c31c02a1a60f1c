import { exportersOf, exportsMetrics } from './exporters.js';
import { startTelemetry } from './telemetry.js';
import { isTracing, noopSpan, startSpanWithIds } from './spans.js';

describe('startTelemetry', () => {
  it.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_TRACES_EXPORTER: 'console' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp_file' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
  ])('decides for %p', (env, expected) => {
    expect(exportersOf(env, 'TRACES').length > 0).toBe(expected);
  });

  it('refuses a setting of our own that is wrong', async () => {
    const env = { OTEL_TRACES_EXPORTER: 'console', MILLRACE_TRACE_STORE_RATIO: '2' };
    await expect(startTelemetry({ service: 'test', env })).rejects.toThrow(
      'MILLRACE_TRACE_STORE_RATIO must be a number from 0 to 1',
    );
  });

  it('is a no-op without an endpoint', async () => {
    const telemetry = await startTelemetry({ service: 'test', env: {} });
    expect(telemetry.enabled).toBe(false);
    expect(isTracing()).toBe(false);
    expect(startSpanWithIds({ name: 'x' })).toBe(noopSpan);
    await telemetry.shutdown();
  });
});

describe('exportsMetrics', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
  it.each([
    [{}, false],
    [endpoint, true],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1:4318/v1/metrics' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' }, false],
    [{ OTEL_METRICS_EXPORTER: 'otlp' }, true],
    [{ ...endpoint, OTEL_METRICS_EXPORTER: 'none' }, false],
    [{ ...endpoint, OTEL_METRICS_EXPORTER: 'prometheus' }, false],
    [{ ...endpoint, OTEL_SDK_DISABLED: 'TRUE' }, false],
  ])('decides for %p', (env, expected) => {
    expect(exportsMetrics(env)).toBe(expected);
  });

  it('refuses what it does not know', () => {
    expect(() => exportsMetrics({ OTEL_METRICS_EXPORTER: 'console' })).toThrow(
      "OTEL_METRICS_EXPORTER: 'console' is not known; allowed are otlp, prometheus, none",
    );
  });
});

describe('exportersOf', () => {
  it('exports logs only when asked: they are on standard output anyway', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
    expect(exportersOf(env, 'LOGS')).toEqual([]);
    expect(exportersOf({ ...env, OTEL_LOGS_EXPORTER: 'otlp' }, 'LOGS')).toEqual(['otlp']);
    expect(exportersOf({ OTEL_TRACES_EXPORTER: ' Console, otlp,otlp ' }, 'TRACES')).toEqual(['console', 'otlp']);
  });

  it.each([
    [{ OTEL_TRACES_EXPORTER: 'jaeger' }, "OTEL_TRACES_EXPORTER: 'jaeger' is not known; allowed are"],
    [{ OTEL_TRACES_EXPORTER: 'otlp,otlp_file' }, 'OTEL_TRACES_EXPORTER: otlp_file stands alone'],
  ])('refuses %p', async (env, message) => {
    expect(() => exportersOf(env, 'TRACES')).toThrow(message);
    await expect(startTelemetry({ service: 'test', env })).rejects.toThrow(message);
  });
});
