import type { Outbound } from '@millrace/contracts';

/** Finish reason of a stream that told none. */
export const noReason = 'millrace_none';

/** A field of an event. In the text of an answer its quotes would be escaped. */
const named = /"finish_reason"\s*:\s*"/;
const done = /^data:\s*\[DONE\]/m;
const longestMark = 64;

/**
 * Servers of users' own may end a stream properly (`[DONE]`) without any finish reason, which the client library takes for a stream that
 * was cut off. Here such a stream gets one that means none.
 */
export function withNamedEnd(fetch: Outbound['fetch']): Outbound['fetch'] {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { body, headers, status, statusText } = response;
    if (!body || !response.ok || !headers.get('content-type')?.includes('event-stream')) return response;
    let isNamed = false;
    let isDone = false;
    let carried = '';
    const watched = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        controller.enqueue(piece);
        if (isNamed) return;
        // The marks are plain ASCII, whatever else the bytes mean.
        const text = carried + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1');
        isNamed = named.test(text);
        isDone ||= done.test(text);
        carried = text.slice(-longestMark);
      },
      flush(controller) {
        if (!isDone || isNamed) return;
        const end = { choices: [{ index: 0, delta: {}, text: '', finish_reason: noReason }] };
        controller.enqueue(Buffer.from(`\n\ndata: ${JSON.stringify(end)}\n\n`));
      },
    });
    return new Response(body.pipeThrough(watched), { status, statusText, headers });
  };
}
