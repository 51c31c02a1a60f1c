import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { OutboundError, type Outbound, type OutboundResponse } from '@millrace/contracts';
import type { RemoteFile } from '@millrace/graph';
import { dispositionFilename, extensionFor, mediaType, mimeTypeOf, unknownMimeType } from './mime.js';

export interface RemoteLookOptions {
  outbound: Pick<Outbound, 'request'>;
  /** Longest wait for all addresses together. Default 4,000 ms; what has not answered by then stays unknown. */
  limitMs?: number;
}

/** Addresses asked at a time. */
const atATime = 8;

/** Tells what the files at some addresses are, without fetching them. */
export type LookAtRemote = (urls: readonly string[]) => Promise<Map<string, RemoteFile>>;

/**
 * Asks with HEAD through the guarded client (service-api 3.4). A server that does not answer, or an address that is
 * not allowed, is no reason to refuse a run: the name tells what it can, and the node that reads the file says what is wrong.
 */
export function createRemoteLook({ outbound, limitMs = 4_000 }: RemoteLookOptions): LookAtRemote {
  async function head(url: string, signal: AbortSignal): Promise<OutboundResponse['headers'] | undefined> {
    if (signal.aborted) return undefined;
    try {
      const timeouts = { connectMs: limitMs, readMs: limitMs };
      const answer = await outbound.request({
        method: 'HEAD',
        url,
        headers: {},
        timeouts,
        maxResponseBytes: 64 * 1024,
        signal,
      });
      // Anything else tells of the answer, not of the file.
      return answer.status === 200 ? answer.headers : undefined;
    } catch (error) {
      if (error instanceof OutboundError) return undefined;
      throw error;
    }
  }

  return async (urls) => {
    if (urls.length === 0) return new Map();
    const signal = AbortSignal.timeout(limitMs);
    const found = new Map<string, RemoteFile>();
    const left = [...urls];
    const ask = async (): Promise<void> => {
      for (let url = left.shift(); url !== undefined; url = left.shift()) {
        found.set(url, describeRemote(url, (await head(url, signal)) ?? {}));
      }
    };
    await Promise.all(Array.from({ length: Math.min(atATime, urls.length) }, ask));
    return found;
  };
}

/** What an address and the headers of its answer tell of a file. */
export function describeRemote(url: string, headers: OutboundResponse['headers']): RemoteFile {
  const named = lastOf(dispositionFilename(headers['content-disposition'])) || nameInPath(url);
  const declared = mediaType(headers['content-type']);
  const byName = mimeTypeOf(named);
  const mimeType = byName ?? (declared || unknownMimeType);
  const length = Number(headers['content-length'] ?? -1);
  const own = posix.extname(named);
  const extension = (byName === undefined ? extensionFor(declared) : undefined) ?? (own || '.bin');
  return {
    filename: named || `${randomUUID().replaceAll('-', '')}${extension}`,
    extension: extension.toLowerCase(),
    mimeType,
    size: Number.isSafeInteger(length) && length >= 0 ? length : -1,
  };
}

/** A name is no path, whatever the other side makes of it. */
const lastOf = (name = ''): string => name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);

function nameInPath(url: string): string {
  const last = posix.basename(new URL(url).pathname);
  try {
    return lastOf(decodeURIComponent(last));
  } catch {
    return last; // a stray percent sign: the name as it is written
  }
}
