import { FileError, type FileContent, type NodeScope, type ValueObject } from '@millrace/contracts';
import { isFile } from '@millrace/graph';
import { NodeFailure } from '../node-failure.js';
import type { BodyItem, HttpConfig } from './config.js';

/** Files that the items of a body stand for; an item without any is absent. */
export type BodyFiles = ReadonlyMap<BodyItem, readonly FileContent[]>;

/** Most bytes of all files of a body: the largest upload. */
const maxBodyBytes = 100 * 1024 * 1024;

/**
 * Reads the files of a body: one file or every file of a list under its key (dsl 4.13).
 * @throws NodeFailure `FileFetchError`
 */
export async function loadBodyFiles(
  body: HttpConfig['body'],
  scope: NodeScope,
  read: (file: ValueObject, maxBytes: number) => Promise<FileContent>,
): Promise<BodyFiles> {
  const files = new Map<BodyItem, FileContent[]>();
  if (body.type !== 'form-data' && body.type !== 'binary') return files;
  let left = maxBodyBytes;
  for (const item of body.data) {
    const value = item.type === 'file' && item.file ? scope.get(item.file) : undefined;
    const wanted = Array.isArray(value) ? value.filter(isFile) : isFile(value) ? [value] : [];
    if (wanted.length === 0) continue;
    const contents: FileContent[] = [];
    for (const file of wanted) {
      const content = await fetched(() => read(file, left));
      left -= content.bytes.length;
      contents.push(content);
    }
    files.set(item, contents);
  }
  return files;
}

async function fetched(read: () => Promise<FileContent>): Promise<FileContent> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof FileError) throw new NodeFailure(cause.message, 'FileFetchError', { cause });
    throw cause;
  }
}

/** How a file looks in the dump of a request. */
export const fileNote = ({ name, mimeType, bytes }: FileContent): string =>
  `<file: ${name}, ${mimeType}, ${bytes.length} bytes>`;

/** A form with text fields (later ones of a name win) and files. */
export function buildForm(
  items: readonly BodyItem[],
  files: BodyFiles,
  render: (text: string) => string,
): { content: FormData; dump: string } {
  const form = new FormData();
  const lines: string[] = [];
  for (const item of items) if (item.type !== 'file') form.set(render(item.key), render(item.value));
  for (const [name, value] of form) lines.push(`${name}: ${typeof value === 'string' ? value : ''}`);
  for (const [item, contents] of files) {
    const name = render(item.key);
    for (const file of contents) {
      form.append(name, new Blob([new Uint8Array(file.bytes)], { type: file.mimeType }), file.name);
      lines.push(`${name}: ${fileNote(file)}`);
    }
  }
  // As Dify's client: without a file part the form would not be multipart.
  if (files.size === 0) form.set('__multipart_placeholder__', new Blob([], { type: 'application/octet-stream' }), '');
  return { content: form, dump: lines.join('\r\n') };
}
