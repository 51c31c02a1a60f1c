import { startTelemetry, wantsTraces } from './telemetry.js';
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
  ])('decides for %p', (env, expected) => {
    expect(wantsTraces(env)).toBe(expected);
  });

  it('is a no-op without an endpoint', async () => {
    const telemetry = await startTelemetry({ service: 'test', env: {} });
    expect(telemetry.enabled).toBe(false);
    expect(isTracing()).toBe(false);
    expect(startSpanWithIds({ name: 'x' })).toBe(noopSpan);
    await telemetry.shutdown();
  });
});
