import {
  FileError,
  newId,
  OutboundError,
  ResponseSizeError,
  type FileContent,
  type FileOwner,
  type FileReader,
  type FileStorage,
  type FileWriter,
  type Outbound,
  type OutboundResponse,
  type StoredFile,
  type ValueObject,
} from '@millrace/contracts';
import { detectFileType, extensionOf, storedFileOf, storedFileValue } from '@millrace/graph';
import { extensionFor } from './mime.js';
import { describeRemote } from './remote-files.js';

/** What is known of stored files (implemented by `@millrace/store`). */
export interface FileCatalogue {
  insert(file: StoredFile): Promise<void>;
  /** Files of the owner among some ids. */
  findOwned(owner: FileOwner, ids: readonly string[]): Promise<StoredFile[]>;
}

export interface FileAccessDeps {
  storage: FileStorage;
  catalogue: FileCatalogue;
  outbound: Pick<Outbound, 'request'>;
}

type ReadOptions = Parameters<FileReader['read']>[2];

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads and makes files for nodes. A file value may be forged: what is stored is looked up as the run's owner. */
export function createFileAccess({ storage, catalogue, outbound }: FileAccessDeps): FileReader & FileWriter {
  async function readStored(owner: FileOwner, id: string, { maxBytes, signal }: ReadOptions): Promise<FileContent> {
    const [stored] = await catalogue.findOwned(owner, [id]);
    const blob = stored && (await storage.open({ tenantId: stored.tenantId, fileId: stored.id }));
    if (!stored || !blob) throw new FileError('not-found', 'The file does not exist any more');
    if (blob.size > maxBytes) throw tooLarge(stored.name, blob.size, maxBytes);
    const chunks: Uint8Array[] = [];
    for await (const chunk of blob.read()) {
      signal?.throwIfAborted();
      chunks.push(chunk);
    }
    return { bytes: Buffer.concat(chunks), name: stored.name, mimeType: stored.mimeType };
  }

  async function readRemote(file: ValueObject, { maxBytes, signal }: ReadOptions): Promise<FileContent> {
    const url = text(file['remote_url']) || text(file['url']);
    if (!url.startsWith('http')) throw new FileError('not-readable', 'The file has no address');
    const answer = await fetchRemote(url, maxBytes, signal);
    if (answer.status < 200 || answer.status > 299) {
      throw new FileError('not-readable', `Fetching ${url} failed with status code ${answer.status}`);
    }
    const known = describeRemote(url, answer.headers);
    return {
      bytes: answer.body,
      name: text(file['filename']) || known.filename,
      mimeType: text(file['mime_type']) || known.mimeType,
    };
  }

  async function fetchRemote(url: string, maxBytes: number, signal?: AbortSignal): Promise<OutboundResponse> {
    try {
      const request = { method: 'GET', url, headers: {}, maxResponseBytes: maxBytes, timeouts: fetchTimeouts };
      return await outbound.request({ ...request, ...(signal ? { signal } : {}) });
    } catch (error) {
      if (error instanceof ResponseSizeError) throw tooLarge(url, error.currentBytes, maxBytes);
      if (error instanceof OutboundError && error.kind !== 'aborted') {
        throw new FileError('not-readable', `Fetching ${url} failed: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }

  return {
    read(owner, file, options) {
      const stored = storedFileOf(file);
      return stored ? readStored(owner, stored.id, options) : readRemote(file, options);
    },

    create,

    createFromResponse(owner, { headers, body, url }) {
      const { filename, mimeType } = describeRemote(url, headers);
      return create(owner, { bytes: body, name: filename, mimeType });
    },
  };

  async function create(owner: FileOwner, { bytes, name, mimeType }: FileContent): Promise<ValueObject> {
    const id = newId();
    const extension = extensionOf(name) || (extensionFor(mimeType)?.slice(1) ?? 'bin');
    const staged = await storage.stage({ tenantId: owner.tenantId, fileId: id }, once(bytes), bytes.length);
    const { size, hash } = staged;
    const { tenantId, appId, endUserId } = owner;
    const facts = { origin: 'tool', name, extension, mimeType, size, hash, createdAtMs: Date.now() } as const;
    await keep(staged, () => catalogue.insert({ id, tenantId, appId, endUserId, ...facts }));
    return storedFileValue(
      { id, ...facts },
      { type: detectFileType(extension, mimeType), transferMethod: 'tool_file', remoteUrl: null },
    );
  }
}

const fetchTimeouts = { connectMs: 10_000, readMs: 60_000 };

const tooLarge = (name: string, size: number, maxBytes: number): FileError =>
  new FileError('too-large', `File ${name} is too large: ${size} bytes, at most ${maxBytes} are accepted`);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * The row first, then the content: a crash between the two leaves a row that nobody was told of, never content
 * that nobody knows of.
 */
export async function keep(
  staged: { commit(): Promise<void>; discard(): Promise<void> },
  insert: () => Promise<void>,
): Promise<void> {
  try {
    await insert();
    await staged.commit();
  } catch (error) {
    await staged.discard();
    throw error;
  }
}
