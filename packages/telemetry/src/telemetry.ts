import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import type { metrics } from '@opentelemetry/sdk-node';
import { forcedIdGenerator } from './id-generator.js';
import { allMetrics } from './metrics.js';
import { useTracer } from './spans.js';

export interface Telemetry {
  /** Whether spans are recorded. */
  enabled: boolean;
  /** Exports what is buffered and stops, within 3 s; never rejects. */
  shutdown(): Promise<void>;
}

export interface TelemetryOptions {
  /** Service name unless `OTEL_SERVICE_NAME` says otherwise, such as `millrace-gateway`. */
  service: string;
  /** The environment (`process.env`, handed in by the app's `env.ts`). */
  env: Record<string, string | undefined>;
  /** Told when the last export fails. */
  onError?: (error: unknown) => void;
}

/** A collector that is away must not hold up the end of a process. */
const shutdownMs = 3000;

type Env = TelemetryOptions['env'];

/**
 * Starts what the environment asks for: traces, and the metrics of `createMetrics`, over OTLP. Without an endpoint
 * nothing is loaded and every span helper is a no-op. Protocol, headers, sampler, limits and batching follow
 * the standard `OTEL_*` variables. Await it before the first span.
 */
export async function startTelemetry({ service, env, onError }: TelemetryOptions): Promise<Telemetry> {
  const traces = wantsTraces(env);
  const metrics = wantsMetrics(env);
  if (!traces && !metrics) return { enabled: false, shutdown: () => Promise.resolve() };
  // Loaded on demand: the SDK costs tens of milliseconds and megabytes that an untraced process need not pay.
  const { NodeSDK, resources } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    serviceName: env['OTEL_SERVICE_NAME']?.trim() || service,
    idGenerator: forcedIdGenerator,
    instrumentations: [],
    // Only what the environment says: no detector that asks cloud metadata services.
    resourceDetectors: [resources.envDetector],
    // Left to defaults, the SDK would export all signals to localhost.
    ...(traces ? {} : { spanProcessors: [] }),
    metricReaders: metrics ? [await metricReader(env)] : [],
    logRecordProcessors: [],
  });
  sdk.start();
  if (traces) useTracer(trace.getTracer('millrace'));
  return {
    enabled: traces,
    shutdown: async () => {
      useTracer(undefined);
      const late = sleep(shutdownMs, undefined, { ref: false });
      await Promise.race([sdk.shutdown(), late]).catch((error: unknown) => onError?.(error));
    },
  };
}

async function metricReader(env: Env): Promise<metrics.PeriodicExportingMetricReader> {
  const protocol = given(env, 'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL') ?? given(env, 'OTEL_EXPORTER_OTLP_PROTOCOL');
  const [{ metrics: sdk }, { createMetricProducer }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('./metric-producer.js'),
    protocol === 'http/json'
      ? import('@opentelemetry/exporter-metrics-otlp-http')
      : import('@opentelemetry/exporter-metrics-otlp-proto'),
  ]);
  const intervalMs = Number(given(env, 'OTEL_METRIC_EXPORT_INTERVAL') ?? 60_000);
  return new sdk.PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(intervalMs, Number(given(env, 'OTEL_METRIC_EXPORT_TIMEOUT') ?? 30_000)),
    metricProducers: [createMetricProducer(allMetrics)],
  });
}

/** Whether the environment asks for traces to be exported. */
export const wantsTraces = (env: Env): boolean => wants(env, 'TRACES');

/** Whether the environment asks for metrics to be exported (they are at `/metrics` in any case). */
export const wantsMetrics = (env: Env): boolean => wants(env, 'METRICS');

function wants(env: Env, signal: 'TRACES' | 'METRICS'): boolean {
  if (given(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return false;
  const exporter = given(env, `OTEL_${signal}_EXPORTER`);
  if (exporter === 'none') return false;
  const endpoint = given(env, 'OTEL_EXPORTER_OTLP_ENDPOINT') ?? given(env, `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`);
  // A console exporter is for looking at traces without a collector.
  return endpoint !== undefined || (signal === 'TRACES' && exporter === 'console');
}

/** A variable's value; blank counts as unset. */
const given = (env: Env, name: string): string | undefined => env[name]?.trim() || undefined;
