import type { OutboundRequest, StreamedBody } from '@millrace/contracts';

/** Bodies up to this size are handed to the socket in one piece. */
const pieceBytes = 64 * 1024;

/** A request body on the wire: small ones as they are. */
export type WireBody = Uint8Array | StreamedBody;

/** A small body fits into the socket's own buffer; sending anything larger needs watching, and is done in pieces. */
export function wireBody(body: OutboundRequest['body']): WireBody | undefined {
  if (body === undefined || body === '') return undefined;
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
  if (!(bytes instanceof Uint8Array) || bytes.length <= pieceBytes) return bytes;
  return {
    size: bytes.length,
    async *read() {
      yield bytes;
    },
  };
}

export const isStreamed = (body: WireBody | undefined): body is StreamedBody =>
  body !== undefined && !(body instanceof Uint8Array);

/** Yields a body in pieces, calling `onProgress` before each and after the last. */
export async function* inPieces(
  content: StreamedBody,
  onProgress: (done: boolean) => void,
): AsyncGenerator<Uint8Array> {
  onProgress(false);
  for await (const chunk of content.read()) {
    for (let start = 0; start < chunk.length; start += pieceBytes) {
      onProgress(false);
      yield chunk.subarray(start, start + pieceBytes);
    }
  }
  onProgress(true);
}
