import { ApiError, Float, type Value, type ValueObject } from '@millrace/contracts';
import { parseJson } from '@millrace/graph';
import type { Request } from 'express';

/** Default 15 MB. */
export const defaultBodyLimitBytes = 15 * 1024 * 1024;

const unreadable = 'The browser (or proxy) sent a request that this server could not understand.';

/**
 * Reads a JSON body in which integers and floats stay apart.
 * @throws ApiError 415 for another content type, 413 beyond the limit, `bad_request` for malformed
 *   JSON, `invalid_param` when it is not an object
 */
export async function readJsonObject(req: Request, limitBytes: number): Promise<ValueObject> {
  if (!isJson(req.headers['content-type'])) throw new ApiError('unsupported_media_type');
  return objectOf(parseBody(await readText(req, limitBytes)));
}

/** As {@link readJsonObject}, for endpoints where an empty body or another content type means `{}`. */
export async function readOptionalJsonObject(req: Request, limitBytes: number): Promise<ValueObject> {
  const text = await readText(req, limitBytes);
  return text.trim() === '' ? {} : objectOf(parseBody(text));
}

function isJson(contentType: string | undefined): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'));
}

/** Deeper bodies are refused: whatever reads a value later may do so recursively. */
const maxDepth = 500;

function parseBody(text: string): Value {
  let value: Value;
  try {
    value = parseJson(text);
  } catch (cause) {
    // Only numbers that `JSON.parse` would change are looked at recursively.
    throw cause instanceof RangeError ? tooDeep() : new ApiError('bad_request', unreadable, { cause });
  }
  if (isDeeperThan(maxDepth, value)) throw tooDeep();
  return value;
}

const tooDeep = (): ApiError =>
  new ApiError('invalid_param', `The request body is nested more than ${maxDepth} levels deep.`);

function isDeeperThan(levels: number, value: Value): boolean {
  if (value === null || typeof value !== 'object' || value instanceof Float) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member));
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws ApiError `bad_request` when it is not UTF-8; a byte order mark is passed over */
function decode(chunks: Buffer[]): string {
  try {
    return utf8.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  } catch (cause) {
    throw new ApiError('bad_request', unreadable, { cause });
  }
}

function objectOf(value: Value): ValueObject {
  if (value !== null && typeof value === 'object' && !Array.isArray(value) && !('toJSON' in value)) return value;
  throw new ApiError('invalid_param', 'The request body must be a JSON object.');
}

async function readText(req: Request, limitBytes: number): Promise<string> {
  return decode(await readBytes(req, limitBytes));
}

/** Collects the body; beyond the limit it is refused without being kept. */
async function readBytes(req: Request, limitBytes: number): Promise<Buffer[]> {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ApiError('unsupported_media_type', `Content-Encoding '${encoding}' is not supported.`);
  }
  const tooLarge = (): ApiError =>
    new ApiError('payload_too_large', `Request body is too large: at most ${limitBytes} bytes are accepted.`);
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) return reject(tooLarge());
      chunks.push(chunk);
    });
    req.once('end', () => resolve(chunks));
    // The client has gone: nobody will read this answer.
    const aborted = (): void => {
      if (!req.readableEnded) reject(new ApiError('bad_request', unreadable));
    };
    req.once('error', aborted);
    req.once('close', aborted);
  });
}
