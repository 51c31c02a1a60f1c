import { pino, type DestinationStream, type Logger } from 'pino';
import { errorFields } from './error-fields.js';
import { recordingSpan } from './child-span.js';
import { currentLogFields, type LogFields } from './log-fields.js';

export type { Logger };

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

// Secrets are kept out by not logging them; this is the second line of defence.
const secretNames = [
  'authorization',
  'Authorization',
  'cookie',
  'password',
  'apiKey',
  'api_key',
  'token',
  'secret',
  'adminKey',
  'secretKey',
  'credentials',
];
const redactPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export interface LoggerOptions {
  /** Name of the process, such as `gateway`. */
  service: string;
  /** Least severe level that is written. Default `info`. */
  level?: LogLevel;
  /** Where lines go. Default: standard output, one JSON object a line. */
  destination?: DestinationStream;
}

let hearLine: ((line: string) => void) | undefined;

/** Every line that a logger of this process writes goes to `hear` as well, as it is written: redacted, with a line end. */
export function hearLogLines(hear: ((line: string) => void) | undefined): void {
  hearLine = hear;
}

/** Fields of the scope, and the span that is active, if one is recorded. */
function traceContext(): LogFields {
  const span = recordingSpan();
  return span ? { ...currentLogFields(), span_id: span.spanContext().spanId } : currentLogFields();
}

/** A JSON logger whose lines carry `trace_id`, `span_id` and `run_id` of the scope they are written in. */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: traceContext,
    serializers: { err: errorFields },
    hooks: {
      streamWrite: (line: string) => {
        hearLine?.(line);
        return line;
      },
    },
    redact: { paths: redactPaths, censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
