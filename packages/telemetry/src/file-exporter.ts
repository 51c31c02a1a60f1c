import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { core } from '@opentelemetry/sdk-node';

export interface FileExporterOptions<T> {
  /** File of this process alone; folders are made. */
  file: string;
  /** One OTLP export request as JSON, without line ends. */
  serialize: (items: T[]) => Uint8Array | undefined;
  /** At this size the file becomes `<file>.1`, in place of the one before. Default 64 MiB. */
  maxBytes?: number;
  /** Told when a batch could not be written, which is lost, unless the one before could not be written either. */
  onError: (error: unknown) => void;
}

/** An exporter of spans or log records. */
export interface FileExporter<T> {
  export(items: T[], done: (result: core.ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Writes OTLP JSON lines: each is one export request, as the collector's `otlpjsonfile` receiver reads them. */
export function createFileExporter<T>(options: FileExporterOptions<T>): FileExporter<T> {
  const { file, serialize, maxBytes = 64 * 1024 ** 2, onError } = options;
  let size: number | undefined;
  let isFailing = false;
  let last: Promise<void> = Promise.resolve();

  async function write(items: T[]): Promise<void> {
    const bytes = serialize(items);
    if (!bytes) return;
    size ??= await sizeOf(file);
    if (size > 0 && size + bytes.length > maxBytes) {
      await rename(file, `${file}.1`);
      size = 0;
    }
    await appendFile(file, Buffer.concat([bytes, Buffer.from('\n')]));
    size += bytes.length + 1;
  }

  return {
    export(items, done) {
      last = last
        .then(() => write(items))
        .then(
          () => {
            isFailing = false;
            done({ code: core.ExportResultCode.SUCCESS });
          },
          (error: unknown) => {
            // Its log line is exported as well: told of each failure, a process would never stop failing.
            if (!isFailing) onError(error);
            isFailing = true;
            done({
              code: core.ExportResultCode.FAILED,
              error: error instanceof Error ? error : new Error(String(error)),
            });
          },
        );
    },
    forceFlush: () => last,
    shutdown: () => last,
  };
}

/** Size of the file; its folder is made when neither is there. */
async function sizeOf(file: string): Promise<number> {
  await mkdir(dirname(file), { recursive: true });
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
