/** Bodies up to this size are handed to the socket in one piece. */
const pieceBytes = 64 * 1024;

/** Bytes of a request body, and the content type that a form brings along. */
export async function encodeBody(
  body: string | Uint8Array | FormData | undefined,
): Promise<{ bytes: Uint8Array | undefined; contentType: string | undefined }> {
  if (body === undefined || typeof body === 'string') {
    return { bytes: body ? Buffer.from(body, 'utf8') : undefined, contentType: undefined };
  }
  if (body instanceof Uint8Array) return { bytes: body, contentType: undefined };
  const encoded = new Response(body);
  return {
    bytes: new Uint8Array(await encoded.arrayBuffer()),
    contentType: encoded.headers.get('content-type') ?? undefined,
  };
}

/** Does sending these bytes need watching? A small body fits into the socket's own buffer. */
export function isLargeBody(bytes: Uint8Array | undefined): bytes is Uint8Array {
  return bytes !== undefined && bytes.length > pieceBytes;
}

/** Yields a large body in pieces, calling `onProgress` before each and after the last. */
export async function* inPieces(bytes: Uint8Array, onProgress: (done: boolean) => void): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    onProgress(false);
    yield bytes.subarray(start, start + pieceBytes);
  }
  onProgress(true);
}
