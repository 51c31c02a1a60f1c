import { pino, type DestinationStream, type Logger } from 'pino';
import { errorFields } from './error-fields.js';
import { currentLogFields } from './log-fields.js';

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

/** A JSON logger whose lines carry `trace_id` and `run_id` of the scope they are written in. */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: currentLogFields,
    serializers: { err: errorFields },
    redact: { paths: redactPaths, censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
