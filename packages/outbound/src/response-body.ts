import { pipeline, Transform, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { OutboundError, ResponseSizeError, type StreamedResponse } from '@millrace/contracts';

/** Each layer holds buffers; nobody packs this often but to fill memory. */
const maxLayers = 5;
/** Most bytes that any layer takes in: what a few bytes unfold to between layers could keep the machine busy for hours and yield nothing. */
const maxPackedBytes = 128 * 1024 * 1024;

/** A body, decompressed, to be read once. Its connection is given up when reading ends early. @throws OutboundError */
export function streamBody(
  body: Readable,
  headers: Record<string, string>,
  toError: (error: unknown) => Error,
): StreamedResponse['body'] {
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      yield* decoded(body, contentEncodings(headers['content-encoding']));
    } catch (error) {
      throw toError(error);
    } finally {
      body.destroy();
    }
  }
  return { [Symbol.asyncIterator]: read, cancel: () => body.destroy() };
}

/**
 * Reads a response whole. The limit counts decompressed bytes, so a small packed body can't fill memory.
 * @throws ResponseSizeError above `maxBytes`
 */
export async function readWhole({ headers, body }: StreamedResponse, maxBytes: number): Promise<Uint8Array> {
  const packed = contentEncodings(headers['content-encoding']).length > 0;
  const announced = packed ? 0 : Number(headers['content-length'] ?? 0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    // Only a body that comes counts: HEAD announces one, too.
    if (Math.max(size, announced) > maxBytes) throw new ResponseSizeError(maxBytes, Math.max(size, announced));
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
}

/** The encodings to undo; as httpx does, those that nobody knows are passed over. */
function contentEncodings(header: string | undefined): string[] {
  const names = (header ?? '').split(',').map((name) => name.trim().toLowerCase());
  const known = names.filter((name) => Object.hasOwn(decoders, name));
  if (known.length > maxLayers) throw new OutboundError('decode', `The response is packed ${known.length} times`);
  return known;
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
  const layers = encodings.toReversed().map((name, i) => createDecoder(name, i === 0, first));
  const last = layers.at(-1);
  if (!last) return;
  // Errors travel along the pipeline to `last`, where the loop below meets them.
  pipeline([body, ...layers.flatMap((layer) => [bounded(), layer])], () => undefined);
  try {
    yield* last as AsyncIterable<Buffer>;
  } catch (cause) {
    if (body.errored) throw body.errored;
    if (cause instanceof OutboundError) throw cause;
    throw new OutboundError('decode', `The response could not be decompressed (${encodings.join(', ')})`, { cause });
  }
}

/** Passes on what comes, up to `maxPackedBytes`. */
function bounded(): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size <= maxPackedBytes) done(null, chunk);
      else done(new OutboundError('decode', 'The response unfolds to too much while it is decompressed'));
    },
  });
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

const decoders: Record<string, (first: Buffer) => Transform> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
  // Some servers send `deflate` without the zlib header.
  deflate: (first) => (((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw()),
};

// Only the outermost layer starts with the bytes that arrived.
function createDecoder(name: string, outermost: boolean, first: Buffer): Transform {
  const create = decoders[name];
  if (!create) throw new OutboundError('decode', `Unsupported content encoding '${name}'`);
  return create(outermost ? first : Buffer.of(8));
}
