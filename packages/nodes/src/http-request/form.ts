import { randomUUID } from 'node:crypto';
import type { FileContent, StreamedBody } from '@millrace/contracts';

/** A field of a form: text or a file. */
export type FormField = { name: string } & ({ text: string } | { file: FileContent });

/** As browsers write names into headers. */
const escaped = (name: string): string => name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');

/** Encodes fields as `multipart/form-data` (RFC 7578). Files are read as the form is sent. */
export function encodeForm(fields: readonly FormField[]): { content: StreamedBody; contentType: string } {
  const boundary = `----millrace-${randomUUID()}`;
  const parts = fields.map((field): { head: Buffer; content: StreamedBody } => {
    const disposition = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(field.name)}"`;
    if ('text' in field) {
      const text = Buffer.from(field.text);
      return { head: Buffer.from(`${disposition}\r\n\r\n`), content: { size: text.length, read: () => once(text) } };
    }
    const { name, mimeType } = field.file;
    const head = `${disposition}; filename="${escaped(name)}"\r\nContent-Type: ${headerText(mimeType)}\r\n\r\n`;
    return { head: Buffer.from(head), content: field.file };
  });
  const end = Buffer.from(`--${boundary}--\r\n`);
  const lineEnd = Buffer.from('\r\n');
  const sizes = parts.map(({ head, content }) => head.length + content.size + lineEnd.length);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    content: {
      size: sizes.reduce((sum, size) => sum + size, end.length),
      async *read() {
        for (const { head, content } of parts) {
          yield head;
          yield* content.read();
          yield lineEnd;
        }
        yield end;
      },
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A media type that a value may claim must not end its line. */
const headerText = (mimeType: string): string =>
  /^[\x20-\x7e]+$/.test(mimeType) ? mimeType : 'application/octet-stream';
