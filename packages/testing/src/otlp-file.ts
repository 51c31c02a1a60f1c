import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseExport, type OtlpExport, type ReceivedSpan } from './otlp-receiver.js';

/** Everything that processes with `OTEL_TRACES_EXPORTER=otlp_file` have written to a folder: the text and the spans. */
export async function readExportedSpans(folder: string): Promise<{ text: string; spans: ReceivedSpan[] }> {
  const text = await readExports(folder, 'traces');
  const spans = linesOf(text).flatMap((line) => parseExport(JSON.parse(line) as OtlpExport));
  return { text, spans };
}

/** The text of what was exported of a signal, one request a line. */
export async function readExports(folder: string, signal: 'traces' | 'logs'): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.includes(`.${signal}.jsonl`)).sort();
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('');
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
