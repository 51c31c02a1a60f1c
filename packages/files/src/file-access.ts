import {
  FileError,
  newId,
  OutboundError,
  type FileContent,
  type FileOwner,
  type FileReader,
  type FileStorage,
  type FileWriter,
  type NewFile,
  type OpenBlob,
  type OpenFiles,
  type OpenOptions,
  type Outbound,
  type StoredFile,
  type ValueObject,
} from '@millrace/contracts';
import { detectFileType, extensionOf, storedFileOf, storedFileValue } from '@millrace/graph';
import { ByteBudget } from './byte-budget.js';
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
  outbound: Pick<Outbound, 'open'>;
  /** Most bytes of files that are held in memory at a time. Default 512 MiB. */
  memoryBytes?: number;
}

interface Stored {
  kind: 'stored';
  name: string;
  mimeType: string;
  blob: OpenBlob;
}

interface Remote {
  kind: 'remote';
  url: string;
  value: ValueObject;
  /** Bytes, as the value says; Infinity when it does not. */
  claimed: number;
}

/** A file that is known but not read yet. */
type Found = Stored | Remote;

/** A remote file is larger than its value says. */
class BrokenClaim extends Error {}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Reads and makes files for nodes. A file value may be forged: what is stored is looked up as the run's owner. */
export function createFileAccess(deps: FileAccessDeps): FileReader & FileWriter {
  const { storage, catalogue, outbound, memoryBytes = 512 * 1024 * 1024 } = deps;
  const budget = new ByteBudget(memoryBytes);

  async function find(owner: FileOwner, value: ValueObject): Promise<Found> {
    const id = storedFileOf(value)?.id;
    if (id === undefined) {
      const url = text(value['remote_url']) || text(value['url']);
      if (!url.startsWith('http')) throw new FileError('not-readable', 'The file has no address');
      const claimed = typeof value['size'] === 'number' && value['size'] >= 0 ? value['size'] : Infinity;
      return { kind: 'remote', url, value, claimed };
    }
    const [stored] = await catalogue.findOwned(owner, [id]);
    const blob = stored && (await storage.open({ tenantId: stored.tenantId, fileId: stored.id }));
    if (!stored || !blob) throw new FileError('not-found', 'The file does not exist any more');
    return { kind: 'stored', name: stored.name, mimeType: stored.mimeType, blob };
  }

  /** Opens files, fetching the remote ones one after the other. @throws BrokenClaim when `trusting` was wrong */
  async function read(found: readonly Found[], trusting: boolean, { maxBytes, signal }: OpenOptions) {
    let left = maxBytes;
    const opened: FileContent[] = [];
    for (const each of found) {
      const most = each.kind === 'remote' && trusting ? Math.min(each.claimed, left) : left;
      const file = each.kind === 'stored' ? storedContent(each) : await fetchRemote(outbound, each, most, signal);
      if (file === undefined && most < left) throw new BrokenClaim();
      if (file === undefined) throw tooLarge(shown((each as Remote).url), left);
      left -= file.size;
      opened.push(file);
    }
    return opened;
  }

  return {
    async open(owner, values, options) {
      const { maxBytes, copies, signal } = options;
      const found: Found[] = [];
      let stored = 0;
      for (const value of values) {
        const each = await find(owner, value);
        found.push(each);
        if (each.kind !== 'stored') continue;
        if (stored + each.blob.size > maxBytes) throw tooLarge(each.name, maxBytes - stored, each.blob.size);
        stored += each.blob.size;
      }
      const remote = found.filter((each) => each.kind === 'remote');
      const memoryOf = (remoteBytes: number) => stored * copies + remoteBytes * (copies + 1);
      // Everything is taken at once: whoever held some and waited for more could wait for others that do the same.
      const within = async (trusting: boolean): Promise<OpenFiles> => {
        const expected = remote.reduce((sum, { claimed }) => sum + (trusting ? claimed : Infinity), 0);
        const share = await budget.take(owner.tenantId, memoryOf(Math.min(expected, maxBytes - stored)), signal);
        try {
          const files = await read(found, trusting, options);
          share.shrinkTo(memoryOf(files.reduce((sum, { size }) => sum + size, 0) - stored));
          return { files, [Symbol.asyncDispose]: async () => share.release() };
        } catch (error) {
          share.release();
          throw error;
        }
      };
      try {
        return await within(true);
      } catch (error) {
        if (error instanceof BrokenClaim) return within(false);
        throw error;
      }
    },

    create,

    createFromResponse(owner, { headers, body, url }, maxBytes) {
      const { filename, mimeType } = describeRemote(url, headers);
      return create(owner, { content: body, name: filename, mimeType, maxBytes });
    },
  };

  async function create(owner: FileOwner, { content, name, mimeType, maxBytes }: NewFile): Promise<ValueObject> {
    const id = newId();
    const extension = extensionOf(name) || (extensionFor(mimeType)?.slice(1) ?? 'bin');
    const staged = await storage.stage({ tenantId: owner.tenantId, fileId: id }, content, maxBytes);
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

function storedContent({ name, mimeType, blob }: Stored): FileContent {
  async function* read() {
    try {
      yield* blob.read();
    } catch (cause) {
      throw new FileError('not-readable', `File ${name} could not be read`, { cause });
    }
  }
  return { name, mimeType, size: blob.size, read };
}

/** `undefined` when it is larger than `maxBytes`. */
async function fetchRemote(
  outbound: Pick<Outbound, 'open'>,
  { url, value }: Remote,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<FileContent | undefined> {
  const request = { method: 'GET', url, headers: {}, timeouts: fetchTimeouts };
  try {
    const { status, headers, body } = await outbound.open({ ...request, ...(signal ? { signal } : {}) });
    if (status < 200 || status > 299) {
      body.cancel();
      throw new FileError('not-readable', `Fetching ${shown(url)} failed with status code ${status}`);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > maxBytes) return undefined;
      chunks.push(chunk);
    }
    const known = describeRemote(url, headers);
    return {
      ...{ name: text(value['filename']) || known.filename, mimeType: text(value['mime_type']) || known.mimeType },
      size,
      async *read() {
        yield* chunks;
      },
    };
  } catch (error) {
    if (error instanceof OutboundError && error.kind !== 'aborted') {
      throw new FileError('not-readable', `Fetching ${shown(url)} failed: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** An address without what may be secret in it: credentials and signatures. */
function shown(url: string): string {
  const { origin, pathname } = URL.parse(url) ?? { origin: 'the address', pathname: '' };
  return `${origin}${pathname}`;
}

const fetchTimeouts = { connectMs: 10_000, readMs: 60_000 };

const tooLarge = (name: string, maxBytes: number, size?: number): FileError => {
  const known = size === undefined ? '' : `${size} bytes, `;
  return new FileError(
    'too-large',
    `File ${name} is too large: ${known}at most ${maxBytes}${size === undefined ? ' bytes' : ''} are accepted`,
  );
};

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
