import { TextDecoder } from 'node:util';
import { NodeFailure } from '../node-failure.js';

const maxTextBytes = 1024 * 1024;
/** Largest response that is read at all. */
export const maxFileBytes = 10 * 1024 * 1024;

const textApplications = /json|xml|javascript|x-www-form-urlencoded|yaml|graphql/;
const textMarkers = ['{', '[', '<', 'function', 'var ', 'const ', 'let '];

/** Does a response hold a file rather than text? (dsl 4.13; `head`: the first 1024 bytes of the body) */
export function isFileResponse(headers: Readonly<Record<string, string>>, head: Uint8Array): boolean {
  const disposition = (headers['content-disposition'] ?? '').toLowerCase();
  if (/^\s*attachment\b/.test(disposition) || /filename\*?\s*=/.test(disposition)) return true;
  const type = mediaType(headers);
  if (type === '' || type.startsWith('text/')) return false;
  if (type.startsWith('application/')) return !textApplications.test(type) && !looksLikeText(head.subarray(0, 1024));
  return /^(image|audio|video)\//.test(type);
}

function mediaType(headers: Readonly<Record<string, string>>): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function looksLikeText(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head);
    return textMarkers.some((marker) => text.includes(marker));
  } catch {
    // Not UTF-8: no text.
    return false;
  }
}

/** @throws NodeFailure when the response is larger than its kind may be */
export function checkSize(isFile: boolean, bytes: number): void {
  const limit = isFile ? maxFileBytes : maxTextBytes;
  if (bytes <= limit) return;
  const mib = (size: number) => (size / 1024 / 1024).toFixed(2);
  const message = `${isFile ? 'File' : 'Text'} size is too large, max size is ${mib(limit)} MB, but current size is ${mib(bytes)} MB.`;
  throw new NodeFailure(message, 'ResponseSizeError');
}

/** The text of a body, in the charset its headers name, else UTF-8. */
export function decodeText(headers: Readonly<Record<string, string>>, body: Uint8Array): string {
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  return decoder(charset).decode(body);
}

function decoder(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset, { ignoreBOM: true });
  } catch {
    // A charset that nobody knows: UTF-8 is the best guess.
    return new TextDecoder('utf-8', { ignoreBOM: true });
  }
}

/** Milliseconds from a `Retry-After` header that counts seconds. */
export function retryAfterMs(headers: Readonly<Record<string, string>>): number | undefined {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
