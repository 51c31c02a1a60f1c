import { FileError, type FileContent, type FileReader, type FileWriter, type ValueObject } from '@millrace/contracts';

/** A file value as the pool holds it. */
export const fileValue = (related_id: string, more: ValueObject = {}): ValueObject => ({
  ...{ dify_model_identity: '__dify__file__', type: 'document', transfer_method: 'local_file', related_id },
  ...more,
});

export interface MemoryFiles extends FileReader, FileWriter {
  /** Addresses of the responses that were stored. */
  made: string[];
}

/** Files by the `related_id` of their values. */
export function memoryFiles(known: Record<string, FileContent> = {}): MemoryFiles {
  const made: string[] = [];
  return {
    made,
    async read(_owner, { related_id: id }, { maxBytes }) {
      const file = typeof id === 'string' ? known[id] : undefined;
      if (!file) throw new FileError('not-found', 'The file does not exist any more');
      if (file.bytes.length > maxBytes) throw new FileError('too-large', 'too large');
      return file;
    },
    create: async (_owner, { name }) => fileValue(name),
    async createFromResponse(_owner, { url }) {
      made.push(url);
      return fileValue(url);
    },
  };
}
