import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { OutboundError, ResponseSizeError } from '@millrace/contracts';

/** Enough of a body to tell text from a file. */
const headBytes = 1024;

/**
 * Reads a body whole, decompressed. The limit counts decompressed bytes, so a small packed body can't fill memory.
 * @throws ResponseSizeError above `maxBytes`; OutboundError `decode` for a broken encoding
 */
export async function readBody(body: Readable, headers: Record<string, string>, maxBytes: number): Promise<Uint8Array> {
  const encodings = contentEncodings(headers['content-encoding']);
  const announced = encodings.length === 0 ? Number(headers['content-length'] ?? 0) : 0;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(body, encodings)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes || (announced > maxBytes && size >= headBytes)) {
      body.destroy();
      const head = Buffer.concat(chunks).subarray(0, headBytes);
      throw new ResponseSizeError(maxBytes, Math.max(size, announced), headers, Uint8Array.from(head));
    }
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
}

function contentEncodings(header: string | undefined): string[] {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '' && name !== 'identity');
}

async function* decoded(body: Readable, encodings: string[]): AsyncGenerator<Buffer> {
  if (encodings.length === 0) {
    yield* body as AsyncIterable<Buffer>;
    return;
  }
  const first = await firstChunk(body);
  // A body that is not there (HEAD, 304) is encoded as nothing.
  if (!first) return;
  body.unshift(first);
  const decoders = encodings.reverse().map((name) => createDecoder(name, first));
  const last = decoders.at(-1);
  if (!last) return;
  // Errors travel along the pipeline to `last`, where the loop below meets them.
  pipeline([body, ...decoders], () => undefined);
  try {
    yield* last as AsyncIterable<Buffer>;
  } catch (cause) {
    if (body.errored) throw body.errored;
    throw new OutboundError('decode', `The response could not be decompressed (${encodings.join(', ')})`, { cause });
  }
}

async function firstChunk(body: Readable): Promise<Buffer | undefined> {
  for (;;) {
    const chunk = body.read() as Buffer | null;
    if (chunk && chunk.length > 0) return chunk;
    if (body.errored) throw body.errored;
    if (body.readableEnded) return undefined;
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: Error) => {
        body.off('readable', settle).off('end', settle).off('error', settle);
        if (error) reject(error);
        else resolve();
      };
      body.on('readable', settle).on('end', settle).on('error', settle);
    });
  }
}

function createDecoder(name: string, first: Buffer): Transform {
  if (name === 'gzip' || name === 'x-gzip') return createGunzip();
  if (name === 'br') return createBrotliDecompress();
  // Some servers send `deflate` without the zlib header.
  if (name === 'deflate') return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
  throw new OutboundError('decode', `Unsupported content encoding '${name}'`);
}
