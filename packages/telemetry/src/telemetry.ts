import { trace } from '@opentelemetry/api';
import { forcedIdGenerator } from './id-generator.js';
import { useTracer } from './spans.js';

export interface Telemetry {
  /** Whether spans are recorded. */
  enabled: boolean;
  /** Exports what is buffered and stops; never rejects. */
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

/**
 * Starts tracing when the environment names an OTLP endpoint (or an exporter); otherwise nothing is
 * loaded and every span helper is a no-op. Protocol, headers, sampler, limits and batching follow
 * the standard `OTEL_*` variables. Await it before the first span.
 */
export async function startTelemetry({ service, env, onError }: TelemetryOptions): Promise<Telemetry> {
  if (!wantsTracing(env)) return { enabled: false, shutdown: () => Promise.resolve() };
  // Loaded on demand: the SDK costs tens of milliseconds and megabytes that an untraced process need not pay.
  const { NodeSDK, resources } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    serviceName: env.OTEL_SERVICE_NAME || service,
    idGenerator: forcedIdGenerator,
    instrumentations: [],
    // Only what the environment says: no detector that asks cloud metadata services.
    resourceDetectors: [resources.envDetector],
    // Left to defaults, the SDK would export metrics and logs to localhost as well.
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  useTracer(trace.getTracer('millrace'));
  return {
    enabled: true,
    shutdown: async () => {
      useTracer(undefined);
      await sdk.shutdown().catch((error: unknown) => onError?.(error));
    },
  };
}

/** Whether the environment asks for traces to be exported. */
export function wantsTracing(env: Record<string, string | undefined>): boolean {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false;
  const exporter = env.OTEL_TRACES_EXPORTER?.trim();
  if (exporter === 'none') return false;
  return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim() || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim() || exporter);
}
