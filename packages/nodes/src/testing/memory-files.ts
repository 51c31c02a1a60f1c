import { buffer } from 'node:stream/consumers';
import { FileError, type FileReader, type FileWriter, type ValueObject } from '@millrace/contracts';

/** A file value as the pool holds it. */
export const fileValue = (related_id: string, more: ValueObject = {}): ValueObject => ({
  ...{ dify_model_identity: '__dify__file__', type: 'document', transfer_method: 'local_file', related_id },
  ...more,
});

export interface KnownFile {
  name: string;
  mimeType: string;
  bytes: Uint8Array;
}

export interface MemoryFiles extends FileReader, FileWriter {
  /** Addresses of the responses, and names of the other files, that were stored. */
  made: string[];
  /** What was stored, in the same order. */
  contents: Buffer[];
  /** Files that were opened and not closed yet. */
  stillOpen: () => number;
}

/** Files by the `related_id` of their values. */
export function memoryFiles(known: Record<string, KnownFile> = {}): MemoryFiles {
  const made: string[] = [];
  const contents: Buffer[] = [];
  let opened = 0;
  async function keep(name: string, content: AsyncIterable<Uint8Array>): Promise<ValueObject> {
    contents.push(await buffer(content));
    made.push(name);
    return fileValue(name);
  }
  return {
    ...{ made, contents },
    stillOpen: () => opened,
    async open(_owner, values, { maxBytes }) {
      let left = maxBytes;
      const files = values.map(({ related_id: id }) => {
        const file = typeof id === 'string' ? known[id] : undefined;
        if (!file) throw new FileError('not-found', 'The file does not exist any more');
        left -= file.bytes.length;
        if (left < 0) throw new FileError('too-large', 'too large');
        const { name, mimeType, bytes } = file;
        return {
          ...{ name, mimeType, size: bytes.length },
          async *read() {
            yield bytes;
          },
        };
      });
      opened += files.length;
      return { files, [Symbol.asyncDispose]: async () => void (opened -= files.length) };
    },
    create: (_owner, { name, content }) => keep(name, content),
    createFromResponse: (_owner, { url, body }) => keep(url, body),
  };
}
