import type { Readable, Writable } from 'node:stream';
import { ApiError } from '@millrace/contracts';
import { Dicer } from '@fastify/busboy';
import { parse } from 'content-disposition';

/** One part of a `multipart/form-data` body. */
export interface Part {
  name: string;
  /** `undefined` for a plain field; a file part may have an empty one. */
  filename: string | undefined;
  /** Media type, lower case; empty when the part declares none. */
  mimeType: string;
  /** Must be read to its end or resumed; the next part waits for it. */
  content: Readable;
}

export interface MultipartOptions {
  /** Most bytes of the whole body. */
  maxBytes: number;
  /** Called for each part in turn; a rejection ends the reading. */
  onPart: (part: Part) => Promise<void>;
  /** Thrown when the body is larger. */
  tooLarge: () => ApiError;
}

const maxParts = 1000;

/** The library declares no types for its low-level parser. It is used because the other one hides a missing Content-Type. */
type PartStream = Readable & { on(event: 'header', listener: (headers: Record<string, string[]>) => void): unknown };
type MultipartParser = Writable & { on(event: 'part', listener: (part: PartStream) => void): unknown };
const createParser = Dicer as unknown as new (options: { boundary: string; maxHeaderSize: number }) => MultipartParser;

/** The boundary of a multipart request; `undefined` when it is none or names no boundary. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  if (!/^\s*multipart\/form-data\s*(;|$)/i.test(contentType ?? '')) return undefined;
  const found = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType ?? '');
  return found?.[1] ?? found?.[2];
}

/**
 * Reads a multipart body part by part, keeping nothing of it. When it fails the rest of the request is still unread.
 * @throws ApiError `bad_request` for a broken body; what `onPart` threw
 */
export async function readMultipart(req: Readable, boundary: string, options: MultipartOptions): Promise<void> {
  const parser = new createParser({ boundary, maxHeaderSize: 16 * 1024 });
  const work: Promise<void>[] = [];
  const open = new Set<Readable>();
  const broken = Promise.withResolvers<never>();
  // Heard wherever it is raced below.
  broken.promise.catch(() => undefined);
  const finished = new Promise<'finished'>((resolve) => parser.once('finish', () => resolve('finished')));

  parser.on('error', (error) => broken.reject(error));
  parser.on('part', (content) => {
    open.add(content);
    content.once('close', () => open.delete(content));
    content.on('error', (error) => broken.reject(error));
    content.on('header', (headers) => {
      const part = describePart(headers, content);
      if (!part || work.length >= maxParts) return void content.resume();
      const done = options.onPart(part);
      done.catch(broken.reject);
      work.push(done);
    });
  });

  try {
    await Promise.race([feed(req, parser, finished, options), broken.promise]);
    await Promise.race([finished, broken.promise]);
    await Promise.all(work);
  } catch (error) {
    parser.destroy();
    for (const content of open) content.destroy(error as Error);
    if (error instanceof ApiError) throw error;
    throw new ApiError('bad_request', 'The multipart body is broken.', { cause: error });
  }
}

/** Hands the body to the parser, piece by piece, as fast as its parts are read. */
async function feed(
  req: Readable,
  parser: Writable,
  finished: Promise<'finished'>,
  { maxBytes, tooLarge }: MultipartOptions,
): Promise<void> {
  let size = 0;
  let state: 'open' | 'finished' = 'open';
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    // Behind the last boundary nothing counts.
    if (state === 'finished') continue;
    const written = new Promise<'open'>((resolve, reject) => {
      parser.write(chunk, (error) => (error ? reject(error) : resolve('open')));
    });
    // The parser never takes note of a piece that filled the last part's buffer and ended it.
    state = await Promise.race([written, finished]);
  }
  if (state === 'open') parser.end();
}

function describePart(headers: Record<string, string[]>, content: Readable): Part | undefined {
  const disposition = headers['content-disposition']?.[0];
  if (disposition === undefined) return undefined;
  // The parser hands bytes over as Latin-1; names are UTF-8.
  const parameters = parseDisposition(Buffer.from(disposition, 'latin1').toString('utf8'));
  const name = parameters?.['name'];
  if (name === undefined) return undefined;
  const mimeType = headers['content-type']?.[0]?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return { name, filename: parameters?.['filename'], mimeType, content };
}

function parseDisposition(header: string): Record<string, string> | undefined {
  try {
    return parse(header, { multipart: true }).parameters;
  } catch {
    return undefined; // a part that nobody can name is passed over
  }
}

/** The text of a plain field. @throws ApiError `invalid_param` when it is longer than `maxBytes` */
export async function readField({ name, content }: Part, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new ApiError('invalid_param', `${name} is too long.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
