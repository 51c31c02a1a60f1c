/** The `otlp_file` exporters. Loaded with the SDK only. */
import { join } from 'node:path';
import { JsonLogsSerializer, JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { logs, type tracing } from '@opentelemetry/sdk-node';
import { createFileExporter } from './file-exporter.js';

/** Where a process writes: one file for each signal. */
export interface ExportFiles {
  folder: string;
  /** Name of the process, unlike that of any other. */
  process: string;
  onError: (error: unknown) => void;
}

/** Spans go to `<process>.traces.jsonl`. */
export const fileSpanExporter = ({ folder, process, onError }: ExportFiles): tracing.SpanExporter =>
  createFileExporter<tracing.ReadableSpan>({
    file: join(folder, `${process}.traces.jsonl`),
    serialize: (spans) => JsonTraceSerializer.serializeRequest(spans),
    onError,
  });

/** Log records go to `<process>.logs.jsonl`. */
export const fileLogProcessor = ({ folder, process, onError }: ExportFiles): logs.LogRecordProcessor =>
  new logs.BatchLogRecordProcessor({
    exporter: createFileExporter<logs.ReadableLogRecord>({
      file: join(folder, `${process}.logs.jsonl`),
      serialize: (records) => JsonLogsSerializer.serializeRequest(records),
      onError,
    }),
  });
