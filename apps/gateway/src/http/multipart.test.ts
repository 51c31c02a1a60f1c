import { Readable } from 'node:stream';
import { ApiError } from '@millrace/contracts';
import { readMultipart } from './multipart.js';

const boundary = '----formdata-012345';
const part = (headers: string, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`), content, Buffer.from('\r\n')]);
const body = (file: Buffer, behind: string): Buffer =>
  Buffer.concat([
    part('Content-Disposition: form-data; name="user"', Buffer.from('é')),
    part('Content-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: video/mp4', file),
    Buffer.from(`--${boundary}--${behind}`),
  ]);

/** The contents by name, when the body arrives in pieces of these sizes, in turns. */
async function read(bytes: Buffer, pieces: number[]): Promise<Record<string, Buffer>> {
  const chunks: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = pieces[index % pieces.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  const found: Record<string, Buffer> = {};
  const onPart = async ({ name, content }: { name: string; content: Readable }): Promise<void> => {
    const all: Buffer[] = [];
    for await (const chunk of content as AsyncIterable<Buffer>) all.push(chunk);
    found[name] = Buffer.concat(all);
  };
  const request = Readable.from(chunks, { objectMode: false });
  const tooLarge = (): ApiError => new ApiError('file_too_large');
  await readMultipart(request, boundary, { maxBytes: 10 ** 9, onPart, tooLarge });
  return found;
}

// A piece may fill the last part's buffer and end the part: the parser took no note of it, and the upload hung.
test.each([
  [0, [1_000_000]],
  [1, [1]],
  [300, [1, 2, 3, 7]],
  [65_535, [65_536]],
  [65_536, [65_536]],
  [200_000, [1_000_000]],
  [200_000, [57_001, 3, 91_777]],
  [3_000_000, [65_536, 12, 400_000]],
])('a file of %d bytes arrives in pieces of %j', async (size, pieces) => {
  for (const filling of ['x', '\r\n', `\r\n--${boundary.slice(0, -1)}`]) {
    for (const behind of ['', '\r\n', `\r\n${'epilogue '.repeat(2_000)}`]) {
      const file = Buffer.alloc(size, filling);
      const found = await read(body(file, behind), pieces);
      expect(found['user']?.toString()).toBe('é');
      expect(found['file']?.equals(file)).toBe(true);
    }
  }
});

test('a body that ends too early is broken, wherever it ends', async () => {
  const whole = body(Buffer.alloc(70_000, 'x'), '');
  for (const length of [1, 60, 150, 300, 50_000, whole.length - 10, whole.length - 2])
    await expect(read(whole.subarray(0, length), [30_000])).rejects.toMatchObject({ code: 'bad_request' });
});
