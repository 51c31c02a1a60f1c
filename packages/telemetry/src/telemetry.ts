import { setTimeout as sleep } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import type { metrics, tracing } from '@opentelemetry/sdk-node';
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

const scope = 'millrace';

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
  const resource = resources
    .defaultResource()
    // Only what the environment says: no detector that asks cloud metadata services.
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes({ 'service.name': given(env, 'OTEL_SERVICE_NAME') ?? service }));
  const processor = traces && exportsProtobuf(env) ? await createSpanProcessor(env) : undefined;
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    idGenerator: forcedIdGenerator,
    instrumentations: [],
    // Left to defaults, the SDK would export all signals to localhost.
    ...(processor ? { spanProcessors: [processor] } : traces ? {} : { spanProcessors: [] }),
    metricReaders: metrics ? [await metricReader(env)] : [],
    logRecordProcessors: [],
  });
  sdk.start();
  if (traces)
    useTracer(
      trace.getTracer(scope),
      processor && { processor, resource, scope: { name: scope }, samplesRoots: samplesAll(env) },
    );
  return {
    enabled: traces,
    shutdown: async () => {
      useTracer(undefined);
      const late = sleep(shutdownMs, undefined, { ref: false });
      await Promise.race([sdk.shutdown(), late]).catch((error: unknown) => onError?.(error));
    },
  };
}

/** Whether spans leave as OTLP in protobuf over HTTP, which is the default. */
function exportsProtobuf(env: Env): boolean {
  const protocol = given(env, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? given(env, 'OTEL_EXPORTER_OTLP_PROTOCOL');
  const exporter = given(env, 'OTEL_TRACES_EXPORTER');
  return (protocol ?? 'http/protobuf') === 'http/protobuf' && (exporter ?? 'otlp') === 'otlp';
}

/** Whether every trace that begins here is recorded, which is the default. */
const samplesAll = (env: Env): boolean =>
  ['parentbased_always_on', 'always_on'].includes(given(env, 'OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on');

async function createSpanProcessor(env: Env): Promise<tracing.SpanProcessor> {
  const [{ tracing: sdk }, { createSpanExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('./span-exporter.js'),
  ]);
  const numberOf = (name: string, byDefault: number) => Number(given(env, name) ?? byDefault) || byDefault;
  return new sdk.BatchSpanProcessor(createSpanExporter(), {
    // A worker ends some thousands of spans a second: the SDK's own 2048 would drop them when a collector hesitates.
    maxQueueSize: numberOf('OTEL_BSP_MAX_QUEUE_SIZE', 16_384),
    maxExportBatchSize: numberOf('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1024),
    scheduledDelayMillis: numberOf('OTEL_BSP_SCHEDULE_DELAY', 5000),
    exportTimeoutMillis: numberOf('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
  });
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
