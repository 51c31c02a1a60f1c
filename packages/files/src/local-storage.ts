import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileError, isUuid, type BlobKey, type FileStorage, type StagedBlob } from '@millrace/contracts';

/**
 * Blobs in a directory, which every gateway and worker must see: `<tenant>/<2 first digits>/<file>`, written in
 * `tmp/` and renamed when they are whole.
 */
export function createLocalStorage(directory: string): FileStorage {
  const drafts = join(directory, 'tmp');

  return {
    async stage(key, content, maxBytes) {
      const target = pathOf(directory, key);
      await mkdir(drafts, { recursive: true, mode: 0o700 });
      const draft = join(drafts, randomUUID());
      try {
        const hash = createHash('sha3-256');
        const size = await writeDraft(draft, content, maxBytes, hash);
        return stagedBlob(draft, target, size, hash.digest('hex'));
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },

    async open(key) {
      const path = pathOf(directory, key);
      const size = await sizeOf(path);
      if (size === undefined) return undefined;
      return { size, read: (range) => createReadStream(path, range) };
    },

    async remove(key) {
      await rm(pathOf(directory, key), { force: true });
    },

    async sweep(beforeMs) {
      let removed = 0;
      for (const name of await readdir(drafts).catch(none)) {
        const draft = join(drafts, name);
        const { mtimeMs } = await stat(draft).catch(() => ({ mtimeMs: Infinity })); // gone meanwhile
        if (mtimeMs >= beforeMs) continue;
        await rm(draft, { force: true });
        removed += 1;
      }
      return removed;
    },
  };
}

const none = (error: NodeJS.ErrnoException): string[] => {
  if (error.code === 'ENOENT') return []; // nothing was ever written
  throw error;
};

function pathOf(directory: string, { tenantId, fileId }: BlobKey): string {
  if (!isUuid(tenantId) || !isUuid(fileId)) throw new TypeError('a blob is named by two UUIDs');
  const [tenant, file] = [tenantId.toLowerCase(), fileId.toLowerCase()];
  return join(directory, tenant, file.slice(0, 2), file);
}

async function writeDraft(path: string, content: AsyncIterable<Uint8Array>, maxBytes: number, hash: Hash) {
  const file = await open(path, 'wx', 0o600);
  let size = 0;
  try {
    for await (const chunk of content) {
      size += chunk.length;
      if (size > maxBytes) throw new FileError('too-large', `The file is larger than ${maxBytes} bytes`);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    // What was acknowledged must survive a power cut.
    await file.sync();
  } finally {
    await file.close();
  }
  return size;
}

const stagedBlob = (draft: string, target: string, size: number, hash: string): StagedBlob => ({
  size,
  hash,
  async commit() {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await rename(draft, target);
  },
  discard: () => rm(draft, { force: true }),
});

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
