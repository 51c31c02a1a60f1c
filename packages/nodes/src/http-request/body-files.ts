import {
  FileError,
  type FileContent,
  type NodeScope,
  type OpenFiles,
  type StreamedBody,
  type ValueObject,
} from '@millrace/contracts';
import { isFile } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { BodyItem, HttpConfig } from './config.js';
import { encodeForm, type FormField } from './form.js';

/** Files that the items of a body stand for; an item without any is absent. */
export type BodyFiles = ReadonlyMap<BodyItem, readonly FileContent[]>;

/** Most bytes of all files of a body: the largest upload. */
const maxBodyBytes = 100 * 1024 * 1024;

/** The file values that the items of a body stand for: one or every file of a list (dsl 4.13). */
export function bodyFileValues(body: HttpConfig['body'], scope: NodeScope): ReadonlyMap<BodyItem, ValueObject[]> {
  const values = new Map<BodyItem, ValueObject[]>();
  if (body.type !== 'form-data' && body.type !== 'binary') return values;
  for (const item of body.data) {
    const value = item.type === 'file' && item.file ? scope.get(item.file) : undefined;
    const wanted = Array.isArray(value) ? value.filter(isFile) : isFile(value) ? [value] : [];
    if (wanted.length > 0) values.set(item, wanted);
  }
  return values;
}

/** Opens the files of a body; they are read when it is sent. @throws NodeFailure `FileFetchError` */
export async function openBodyFiles(
  values: ReadonlyMap<BodyItem, ValueObject[]>,
  open: (values: ValueObject[], maxBytes: number) => Promise<OpenFiles>,
): Promise<{ opened: OpenFiles; files: BodyFiles }> {
  const opened = values.size === 0 ? noFiles : await fetched(() => open([...values.values()].flat(), maxBodyBytes));
  let at = 0;
  const files = new Map([...values].map(([item, { length }]) => [item, opened.files.slice(at, (at += length))]));
  return { opened, files };
}

const noFiles: OpenFiles = { files: [], [Symbol.asyncDispose]: async () => undefined };

async function fetched<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    if (cause instanceof FileError) throw new NodeFailure(cause.message, 'FileFetchError', { cause });
    throw cause;
  }
}

/** How a file looks in the dump of a request. */
export const fileNote = ({ name, mimeType, size }: FileContent): string =>
  `<file: ${name}, ${mimeType}, ${size} bytes>`;

const placeholder: FileContent = {
  ...{ name: '', mimeType: 'application/octet-stream', size: 0 },
  async *read() {},
};

/** A form with text fields (later ones of a name win) and files. */
export function buildForm(
  items: readonly BodyItem[],
  files: BodyFiles,
  render: (text: string) => string,
): { content: StreamedBody; contentType: string; dump: string } {
  const texts = new Map<string, string>();
  for (const item of items) if (item.type !== 'file') texts.set(render(item.key), render(item.value));
  const fields: FormField[] = [...texts].map(([name, text]) => ({ name, text }));
  for (const [item, contents] of files) for (const file of contents) fields.push({ name: render(item.key), file });
  const dump = fields
    .map((field) => `${field.name}: ${'text' in field ? field.text : fileNote(field.file)}`)
    .join('\r\n');
  // As Dify's client: without a file part the form would not be multipart.
  if (files.size === 0) fields.push({ name: '__multipart_placeholder__', file: placeholder });
  return { ...encodeForm(fields), dump };
}
