import type { JsonText } from '@millrace/contracts';
import { currentVersion, modelProviders, parseFile, stringifyJson, type ParsedFile } from '@millrace/graph';
import { Worker } from 'node:worker_threads';

type Complete = Extract<ParsedFile, { warnings: string[] }>;

/** What a workflow file comes to; the workflow as the text that is stored, so that it can leave a thread. */
export type ImportedFile =
  | Exclude<ParsedFile, Complete>
  | (Omit<Complete, 'app' | 'workflow'> & {
      app: Omit<Complete['app'], 'raw'>;
      workflow: JsonText;
      providers: ReturnType<typeof modelProviders>;
    });

export interface ImportedText {
  text: string;
  supportedTypes: ReadonlySet<string>;
  confirmed: boolean;
}

/** Reads a workflow file where it is called. Takes 2 µs a byte at worst. */
export function readImport({ text, ...options }: ImportedText): ImportedFile {
  const file = parseFile(text, options);
  if (!('workflow' in file)) return file;
  const { raw: _, ...app } = file.app;
  return { ...file, app, workflow: stringifyJson(file.workflow), providers: modelProviders(file.workflow) };
}

/** Larger files are read in a thread: the gateway must go on serving streams. */
const inlineCharacters = 16 * 1024;
const threadMs = 60_000;
const threadMegabytes = 1024;

let lastThread: Promise<unknown> = Promise.resolve();

/** Reads a workflow file without holding up anybody: large ones in a thread, one after the other. */
export async function readImportAside(file: ImportedText): Promise<ImportedFile> {
  if (file.text.length <= inlineCharacters) return readImport(file);
  const read = lastThread.then(() => readInThread(file));
  lastThread = read;
  return read;
}

function readInThread(file: ImportedText): Promise<ImportedFile> {
  return new Promise((resolve) => {
    const thread = new Worker(new URL('./import-thread.js', import.meta.url), {
      workerData: file,
      resourceLimits: { maxOldGenerationSizeMb: threadMegabytes },
    });
    const settle = (result: ImportedFile): void => {
      clearTimeout(limit);
      resolve(result);
      void thread.terminate();
    };
    const fail = (why: string): void =>
      settle({ status: 'failed', error: `The file cannot be read: ${why}`, importedVersion: '', currentVersion });
    const limit = setTimeout(() => fail('it takes too long'), threadMs);
    thread.once('message', settle);
    thread.once('error', (error: Error) => fail(error.message));
  });
}
