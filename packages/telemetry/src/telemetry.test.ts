import { exportersOf } from './exporters.js';
import { storeRatio } from './store-span.js';
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

  it('is a no-op without an endpoint', async () => {
    const telemetry = await startTelemetry({ service: 'test', env: {} });
    expect(telemetry.enabled).toBe(false);
    expect(isTracing()).toBe(false);
    expect(startSpanWithIds({ name: 'x' })).toBe(noopSpan);
    await telemetry.shutdown();
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

describe('storeRatio', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['0.25', 0.25],
    ['1', 1],
  ])('reads %p', (text, ratio) => {
    expect(storeRatio({ MILLRACE_TRACE_STORE_RATIO: text })).toBe(ratio);
  });

  it.each(['-1', '2', 'all', 'NaN'])('refuses %p', (text) => {
    expect(() => storeRatio({ MILLRACE_TRACE_STORE_RATIO: text })).toThrow('from 0 to 1');
  });
});
