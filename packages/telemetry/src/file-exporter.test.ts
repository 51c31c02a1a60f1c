import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileExporter } from './file-exporter.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-export-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const serialize = (items: string[]): Uint8Array => Buffer.from(items.join(','));

function exporter(file: string, maxBytes?: number) {
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const made = createFileExporter<string>({ file, serialize, onError, ...(maxBytes !== undefined && { maxBytes }) });
  const send = (...items: string[]) =>
    new Promise<number>((resolve) => made.export(items, ({ code }) => resolve(code)));
  return { errors, send, shutdown: () => made.shutdown() };
}

it('appends a line for each batch, in order, in a folder that it makes', async () => {
  const file = join(folder, 'a', 'b.jsonl');
  const { send, shutdown } = exporter(file);
  void send('one', 'two');
  void send('three');
  await shutdown();
  expect(await readFile(file, 'utf8')).toBe('one,two\nthree\n');
});

it('begins a new file at the size limit and keeps the one before', async () => {
  const file = join(folder, 'x.jsonl');
  const { send } = exporter(file, 10);
  for (const item of ['aaaaaa', 'bbbbbb', 'cccccc']) expect(await send(item)).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('cccccc\n');
  expect(await readFile(`${file}.1`, 'utf8')).toBe('bbbbbb\n');
});

it('says once that batches cannot be written, and goes on', async () => {
  const { send, errors } = exporter(join('/dev/null', 'x.jsonl'));
  expect(await send('lost')).toBe(1);
  expect(await send('lost too')).toBe(1);
  expect(errors).toHaveLength(1);
});
