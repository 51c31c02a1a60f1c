import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { extension } from 'mime-types';
import { NodeFailure } from '../node-failure.js';

/** Most bytes of a response. */
export interface ResponseLimits {
  /** Default 1 MiB. */
  maxTextBytes: number;
  /** Default 10 MiB. */
  maxFileBytes: number;
}

export const defaultResponseLimits: ResponseLimits = {
  maxTextBytes: 1024 * 1024,
  maxFileBytes: 10 * 1024 * 1024,
};

const textApplications = /json|xml|javascript|x-www-form-urlencoded|yaml|graphql/;
const textMarkers = ['{', '[', '<', 'function', 'var ', 'const ', 'let '];

/** Does a response hold a file rather than text? (dsl 4.13; `head`: the first 1024 bytes of the body) */
export function isFileResponse(headers: Readonly<Record<string, string>>, head: Uint8Array): boolean {
  const disposition = (headers['content-disposition'] ?? '').toLowerCase();
  if (/^\s*attachment\b/.test(disposition) || /filename\*?\s*=/.test(disposition)) return true;
  const type = mediaType(headers);
  if (type === '' || type.startsWith('text/')) return false;
  if (type.startsWith('application/')) {
    // Of what nobody has registered, nothing says that it is a file.
    return !textApplications.test(type) && !looksLikeText(head.subarray(0, 1024)) && extension(type) !== false;
  }
  return /^(image|audio|video)\//.test(type);
}

function mediaType(headers: Readonly<Record<string, string>>): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function looksLikeText(head: Uint8Array): boolean {
  try {
    // A character cut at the end is no fault of the text's.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return textMarkers.some((marker) => text.includes(marker));
  } catch {
    // Not UTF-8: no text.
    return false;
  }
}

/** @throws NodeFailure when the response is larger than its kind may be */
export function checkSize(isFile: boolean, bytes: number, { maxTextBytes, maxFileBytes }: ResponseLimits): void {
  const limit = isFile ? maxFileBytes : maxTextBytes;
  if (bytes <= limit) return;
  const max = (limit / 1024 / 1024).toFixed(2);
  const message = `${isFile ? 'File' : 'Text'} size is too large, max size is ${max} MB, but current size is ${readable(bytes)}.`;
  throw new NodeFailure(message, 'ResponseSizeError');
}

function readable(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(2)} KB` : `${(bytes / 1024 / 1024).toFixed(2)} MB`;
}

/** The text of a body: in the charset its headers name, else as its first bytes say, else UTF-8. */
export function decodeText(headers: Readonly<Record<string, string>>, body: Uint8Array): string {
  const named = /charset\s*=\s*["']?([^\s;"']+)/i.exec(headers['content-type'] ?? '')?.[1];
  const decoder = decoderOf(named) ?? decoderOf(sniffedCharset(body)) ?? new TextDecoder('utf-8', { ignoreBOM: true });
  return decoder.decode(body);
}

/** `undefined` for a charset that nobody knows. */
function decoderOf(charset: string | undefined): TextDecoder | undefined {
  if (charset === undefined) return undefined;
  try {
    return new TextDecoder(charset, { ignoreBOM: /^utf-?8$/i.test(charset) });
  } catch {
    // Unknown: the next guess decides.
    return undefined;
  }
}

/** What a byte order mark, or the declaration of a page that is not UTF-8, says. */
function sniffedCharset(body: Uint8Array): string | undefined {
  const [first, second] = body;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (isUtf8(body)) return undefined;
  const head = Buffer.from(body.subarray(0, 1024)).toString('latin1');
  return /(?:charset|encoding)\s*=\s*["']?([\w-]+)/i.exec(head)?.[1];
}

/** No server may hold a run longer than this; a longer wish is answered by an earlier retry. */
const longestWaitMs = 60_000;

/** Milliseconds that a `Retry-After` header of a busy server (429, 503) asks for, in seconds or as a date; at most a minute. */
export function retryAfterMs(
  status: number,
  headers: Readonly<Record<string, string>>,
  now: number,
): number | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  if (text === '' || (status !== 429 && status !== 503)) return undefined;
  // A date begins with the name of a day.
  const wait = /^[a-z]/i.test(text) ? Date.parse(text) - now : /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : NaN;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(Math.ceil(wait), 0), longestWaitMs);
}
