import type { StreamedResponse, ValueObject } from '@millrace/contracts';
import { checkSize, decodeText, isFileResponse, type ResponseLimits } from './response.js';

/** Enough of a body to tell text from a file. */
const headBytes = 1024;

export interface Received {
  body: string;
  files: ValueObject[];
}

/**
 * Reads a response to its end (dsl 4.13): text is kept, a file goes to `store` as it comes, so that nothing larger than the
 * largest text is ever held. Without `store` a file is only measured.
 * @throws NodeFailure `ResponseSizeError`
 */
export async function receive(
  { headers, body }: StreamedResponse,
  limits: ResponseLimits,
  store: ((content: AsyncIterable<Uint8Array>) => Promise<ValueObject>) | undefined,
): Promise<Received> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    const begun: Uint8Array[] = [];
    let size = 0;
    while (size < headBytes) {
      const next = await chunks.next();
      if (next.done) break;
      begun.push(next.value);
      size += next.value.length;
    }
    const isFile = size > 0 && isFileResponse(headers, Buffer.concat(begun));
    const packed = headers['content-encoding'] !== undefined;
    const announced = packed || size === 0 ? 0 : Number(headers['content-length'] ?? 0);
    if (announced > farthest(limits)) checkSize(isFile, announced, limits);

    const all = measured(isFile, limits, begun, chunks);
    if (!isFile) return { body: decodeText(headers, await collect(all)), files: [] };
    if (store) return { body: '', files: [await store(all)] };
    for await (const _measured of all);
    return { body: '', files: [] };
  } finally {
    await chunks.return?.();
  }
}

/** Where reading ends: what is too large is read on as far as anything is read, because the error tells how large it is. */
const farthest = ({ maxTextBytes, maxFileBytes }: ResponseLimits): number => Math.max(maxTextBytes, maxFileBytes);

/** The whole body again. */
async function* measured(
  isFile: boolean,
  limits: ResponseLimits,
  begun: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  const most = isFile ? limits.maxFileBytes : limits.maxTextBytes;
  const counted = (chunk: Uint8Array): boolean => {
    size += chunk.length;
    if (size > farthest(limits)) checkSize(isFile, size, limits);
    return size <= most;
  };
  for (const chunk of begun) if (counted(chunk)) yield chunk;
  for (let next = await rest.next(); !next.done; next = await rest.next()) if (counted(next.value)) yield next.value;
  checkSize(isFile, size, limits);
}

async function collect(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
