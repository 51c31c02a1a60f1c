import type { ValueObject } from './json.js';
import type { OutboundResponse } from './node.js';

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

/** Content of a file value, read whole. */
export interface FileContent {
  bytes: Uint8Array;
  name: string;
  mimeType: string;
}

/** Port for nodes: reads file values. */
export interface FileReader {
  /**
   * Reads a stored file of the owner, or fetches a remote one through the guarded client.
   * @throws FileError; the signal's reason when aborted
   */
  read(owner: FileOwner, file: ValueObject, options: { maxBytes: number; signal?: AbortSignal }): Promise<FileContent>;
}

/** Port for nodes: makes file values. */
export interface FileWriter {
  /** Stores content; answers the file value (`tool_file`), whose links the engine signs. */
  create(owner: FileOwner, file: FileContent): Promise<ValueObject>;
  /** Stores the body of a response, named and typed as its headers and address tell. */
  createFromResponse(
    owner: FileOwner,
    response: Pick<OutboundResponse, 'headers' | 'body' | 'url'>,
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
