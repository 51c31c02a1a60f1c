import type { ValueObject } from './json.js';
import type { OutboundResponse, StreamedBody } from './node.js';

/** Whose a stored file is (service-api 6.3): one end user of one app of one tenant. */
export interface FileOwner {
  tenantId: string;
  appId: string;
  endUserId: string;
}

/** Where a stored file comes from: a caller uploaded it, or a node of a run made it. */
export type FileOrigin = 'upload' | 'tool';

/** What is known of a stored file; its content is a blob under the same id. */
export interface StoredFile extends FileOwner {
  id: string;
  origin: FileOrigin;
  /** As its maker named it; any text, never part of a path. */
  name: string;
  /** Lower case, without the dot; may be empty. */
  extension: string;
  /** As declared, not sniffed. */
  mimeType: string;
  /** Bytes. */
  size: number;
  /** SHA3-256 of the content, hex. */
  hash: string;
  createdAtMs: number;
}

/** Names a blob. Both parts are UUIDs that Millrace made: nothing a user wrote reaches a path. */
export interface BlobKey {
  tenantId: string;
  fileId: string;
}

/** Content that is written but not there yet: `commit` makes it appear, whole; `discard` removes it. */
export interface StagedBlob {
  /** Bytes. */
  size: number;
  /** SHA3-256, hex. */
  hash: string;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

export interface OpenBlob {
  /** Bytes of the whole blob. */
  size: number;
  /** Reads it, from byte `start` to byte `end`, both included. Default: all of it. */
  read(range?: { start: number; end: number }): AsyncIterable<Uint8Array>;
}

/** Port to blob storage. Content is streamed; a blob is either there whole or not at all. */
export interface FileStorage {
  /** Takes content in, up to `maxBytes`. @throws FileError `too-large`; whatever the content throws. Then nothing is left. */
  stage(key: BlobKey, content: AsyncIterable<Uint8Array>, maxBytes: number): Promise<StagedBlob>;
  /** `undefined` when there is no such blob. */
  open(key: BlobKey): Promise<OpenBlob | undefined>;
  /** Removing what is not there is no error. */
  remove(key: BlobKey): Promise<void>;
  /** Removes what writers that died left unfinished before a time; answers how many. */
  sweep(beforeMs: number): Promise<number>;
}

/** The content of a file and how it is called. */
export interface FileContent extends StreamedBody {
  name: string;
  mimeType: string;
}

/** Files that can be read until they are closed: `await using`. */
export interface OpenFiles extends AsyncDisposable {
  /** In the order they were asked for. Reading throws `FileError`. */
  files: readonly FileContent[];
}

export interface OpenOptions {
  /** Most bytes of all files together. */
  maxBytes: number;
  /** How often the caller holds their content in memory at a time; 0 when it passes it on as it reads. */
  copies: number;
  signal?: AbortSignal;
}

/** Port for nodes: reads file values. */
export interface FileReader {
  /**
   * Opens stored files of the owner, and fetches remote ones through the guarded client. What callers hold in memory is bounded
   * for the process: whoever would exceed it waits for those before it to close theirs, tenants in turn.
   * @throws FileError; the signal's reason when aborted
   */
  open(owner: FileOwner, files: readonly ValueObject[], options: OpenOptions): Promise<OpenFiles>;
}

/** Content to be stored. */
export interface NewFile {
  name: string;
  mimeType: string;
  content: AsyncIterable<Uint8Array>;
  /** Most bytes of it. */
  maxBytes: number;
}

/** Port for nodes: makes file values. Content goes to the storage as it comes. */
export interface FileWriter {
  /** Stores content; answers the file value (`tool_file`), whose links the engine signs. @throws FileError `too-large` */
  create(owner: FileOwner, file: NewFile): Promise<ValueObject>;
  /** Stores the body of a response, named and typed as its headers and address tell. @throws as `create` */
  createFromResponse(
    owner: FileOwner,
    response: Pick<OutboundResponse<AsyncIterable<Uint8Array>>, 'headers' | 'body' | 'url'>,
    maxBytes: number,
  ): Promise<ValueObject>;
}

/** Port that signs download links (service-api 6.5). */
export interface FileLinks {
  /**
   * A link that is good for a limited time. It only works when the file is the owner's, so a forged id gains nothing.
   * @param base address of the gateway, without a slash at its end; empty gives a path
   */
  sign(owner: FileOwner, file: { id: string; origin: FileOrigin; extension: string }, base: string): string;
}

/** Why a file could not be had; the message is fit for users. */
export class FileError extends Error {
  constructor(
    readonly kind: 'not-found' | 'too-large' | 'not-readable',
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(message, options);
    this.name = 'FileError';
  }
}
