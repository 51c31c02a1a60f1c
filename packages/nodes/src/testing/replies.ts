import { buffer } from 'node:stream/consumers';
import type { Outbound, OutboundRequest, OutboundResponse, StreamedResponse } from '@millrace/contracts';

export type Reply = Partial<OutboundResponse> | Error;

/** A guarded client that notes requests and answers all alike; by default with the text `ok`. */
export function replying(reply: Reply, sent: OutboundRequest[]): Pick<Outbound, 'open'> {
  return {
    async open(request): Promise<StreamedResponse> {
      sent.push(request);
      if (reply instanceof Error) throw reply;
      const { body = Buffer.from('ok'), ...rest } = reply;
      const headers = { 'content-type': 'text/plain' };
      return { status: 200, statusText: 'OK', headers, url: request.url, ...rest, body: streamOf(body) };
    },
  };
}

const streamOf = (bytes: Uint8Array): StreamedResponse['body'] => ({
  cancel: () => undefined,
  async *[Symbol.asyncIterator]() {
    const piece = 64 * 1024;
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  },
});

/** The body of a request as it would be sent. */
export async function sentBytes(body: OutboundRequest['body']): Promise<Buffer<ArrayBuffer>> {
  if (body === undefined || typeof body === 'string') return Buffer.from(body ?? '');
  return body instanceof Uint8Array ? Buffer.from(body) : buffer(body.read());
}

/** A form that was sent, as a server reads it. */
export async function sentForm({ body, headers }: OutboundRequest): Promise<FormData> {
  const bytes = await sentBytes(body);
  expect(body).toHaveProperty('size', bytes.length);
  return readForm(bytes, headers['Content-Type'] ?? '');
}

/** Reads a form. Deprecated for servers, which must not hold a form whole; this one comes from a test. */
export const readForm = (form: string | Uint8Array<ArrayBuffer>, type: string): Promise<FormData> =>
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  new Response(form, { headers: { 'content-type': type } }).formData();
