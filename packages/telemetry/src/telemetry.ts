import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataDirEnv, parseEnv, tracingEnv } from '@millrace/config';
import { trace } from '@opentelemetry/api';
import type { metrics, NodeSDKConfiguration, tracing } from '@opentelemetry/sdk-node';
import { exportersOf, exportsMetrics, given, type Env, type ExporterName } from './exporters.js';
import type { ExportFiles } from './file-export.js';
import { forcedIdGenerator } from './id-generator.js';
import { hearLogLines } from './logger.js';
import { allMetrics } from './metrics.js';
import { useTracer } from './spans.js';
import { useStoreRatio } from './store-span.js';

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
  env: Env;
  /** Told when the last export fails. */
  onError?: (error: unknown) => void;
}

/** A collector that is away must not hold up the end of a process. */
const shutdownMs = 3000;

const scope = 'millrace';

/**
 * Starts what the environment asks for: traces, the metrics of `createMetrics`, and log records. Without an endpoint or
 * exporter nothing is loaded and every span helper is a no-op. Protocol, headers, sampler, limits, batching and resource
 * follow the standard `OTEL_*` variables. Await it before the first span.
 * @throws Error when a variable names an exporter that is not known; EnvError when a setting of Millrace's own is wrong
 */
export async function startTelemetry({ service, env, onError = ignore }: TelemetryOptions): Promise<Telemetry> {
  const own = parseEnv({ ...tracingEnv, ...dataDirEnv }, env);
  const traces = exportersOf(env, 'TRACES');
  const logs = exportersOf(env, 'LOGS');
  const metrics = exportsMetrics(env);
  if (traces.length + logs.length === 0 && !metrics) return { enabled: false, shutdown: () => Promise.resolve() };
  // Loaded on demand: the SDK costs tens of milliseconds and megabytes that an untraced process need not pay.
  const { NodeSDK, resources } = await import('@opentelemetry/sdk-node');
  const serviceName = given(env, 'OTEL_SERVICE_NAME') ?? service;
  const instanceId = randomUUID();
  const folder = own.MILLRACE_TELEMETRY_DIR ?? join(own.MILLRACE_DATA_DIR, 'telemetry');
  const files = { folder, process: `${serviceName}-${instanceId}`, onError };
  const resource = resources
    .defaultResource()
    .merge(resources.resourceFromAttributes(await processAttributes(instanceId)))
    // Only what the environment says: no detector that asks cloud metadata services.
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
    .merge(resources.resourceFromAttributes({ 'service.name': serviceName }));
  const processor = goesDirect(env, traces) ? await createSpanProcessor(env) : undefined;
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    idGenerator: forcedIdGenerator,
    instrumentations: [],
    // Left to defaults, the SDK would export all signals to localhost.
    ...(processor ? { spanProcessors: [processor] } : await traceExport(traces, files)),
    metricReaders: metrics ? [await metricReader(env)] : [],
    ...(await logExport(logs, files)),
  });
  sdk.start();
  const direct = processor && { processor, resource, scope: { name: scope }, samplesRoots: samplesAll(env) };
  if (traces.length > 0) useTracer(trace.getTracer(scope), direct);
  useStoreRatio(own.MILLRACE_TRACE_STORE_RATIO);
  if (logs.length > 0) await exportLogLines();
  return {
    enabled: traces.length > 0,
    shutdown: async () => {
      useTracer(undefined);
      hearLogLines(undefined);
      const late = sleep(shutdownMs, undefined, { ref: false });
      await Promise.race([sdk.shutdown(), late]).catch(onError);
    },
  };
}

/** Whether spans leave as OTLP in protobuf over HTTP, which is the default. */
function goesDirect(env: Env, exporters: ExporterName[]): boolean {
  const protocol = given(env, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? given(env, 'OTEL_EXPORTER_OTLP_PROTOCOL');
  return (protocol ?? 'http/protobuf') === 'http/protobuf' && exporters.length === 1 && exporters[0] === 'otlp';
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

/** What the SDK is told of traces; where that is nothing, it reads the environment itself. */
async function traceExport(wanted: ExporterName[], files: ExportFiles): Promise<Partial<NodeSDKConfiguration>> {
  if (wanted.length === 0) return { spanProcessors: [] };
  if (!wanted.includes('otlp_file')) return {};
  const { fileSpanExporter } = await import('./file-export.js');
  return { traceExporter: fileSpanExporter(files) };
}

/** What the SDK is told of log records. */
async function logExport(wanted: ExporterName[], files: ExportFiles): Promise<Partial<NodeSDKConfiguration>> {
  if (wanted.length === 0) return { logRecordProcessors: [] };
  if (!wanted.includes('otlp_file')) return {};
  const { fileLogProcessor } = await import('./file-export.js');
  return { logRecordProcessors: [fileLogProcessor(files)] };
}

const ignore = (): void => undefined;

/** What tells this process from others of its service; `OTEL_RESOURCE_ATTRIBUTES` wins. */
async function processAttributes(instanceId: string): Promise<Record<string, string | number>> {
  const file = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(file) as { version: string };
  return {
    'service.namespace': 'millrace',
    'service.version': version,
    'service.instance.id': instanceId,
    'host.name': hostname(),
    'process.pid': process.pid,
  };
}

async function exportLogLines(): Promise<void> {
  const [{ logs }, { logRecordOf }] = await Promise.all([import('@opentelemetry/api-logs'), import('./log-export.js')]);
  const logger = logs.getLogger(scope);
  hearLogLines((line) => logger.emit(logRecordOf(line)));
}

/** The exporter of metrics for a protocol. */
const metricExporters = {
  grpc: () => import('@opentelemetry/exporter-metrics-otlp-grpc'),
  'http/json': () => import('@opentelemetry/exporter-metrics-otlp-http'),
  'http/protobuf': () => import('./metric-exporter.js'),
};

async function metricReader(env: Env): Promise<metrics.PeriodicExportingMetricReader> {
  const protocol = given(env, 'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL') ?? given(env, 'OTEL_EXPORTER_OTLP_PROTOCOL');
  const load =
    protocol === 'grpc' || protocol === 'http/json' ? metricExporters[protocol] : metricExporters['http/protobuf'];
  const [{ metrics: sdk }, { createMetricProducer }, { OTLPMetricExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('./metric-producer.js'),
    load(),
  ]);
  const intervalMs = Number(given(env, 'OTEL_METRIC_EXPORT_INTERVAL') ?? 60_000);
  return new sdk.PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(intervalMs, Number(given(env, 'OTEL_METRIC_EXPORT_TIMEOUT') ?? 30_000)),
    metricProducers: [createMetricProducer(allMetrics)],
  });
}
