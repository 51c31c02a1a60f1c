import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { defaultUploadLimits } from '@millrace/files';
import { end, start } from '@millrace/testing';
import { bearer, call, createTestApp, type Answer, type Body } from '../testing/client.js';
import { startFixture, type Fixture, type TestGateway } from '../testing/gateway-fixture.js';

let fixture: Fixture;
let gateway: TestGateway;
let app: { appId: string; key: string };
let other: { appId: string; key: string };

const uploads = { ...defaultUploadLimits, blockedExtensions: ['exe', '.BAT'] };

beforeAll(async () => {
  fixture = await startFixture();
  gateway = await fixture.gateway({ uploads });
  const draft = { nodes: [start([{ variable: 'x' }]), end({ x: ['start', 'x'] })] };
  [app, other] = await Promise.all([createTestApp(gateway, draft), createTestApp(gateway, draft)]);
}, 60_000);
afterAll(() => fixture.close());

const boundary = 'XBOUNDARYX';

interface RawPart {
  name?: string;
  /** Text of `filename="…"` as it stands; absent = a plain field. */
  filename?: string;
  type?: string;
  body?: string | Buffer;
}

function multipart(parts: RawPart[], ending = `--${boundary}--\r\n`): Buffer {
  const pieces = parts.flatMap(({ name = 'file', filename, type, body = 'content' }) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`,
    filename === undefined ? '' : `; filename="${filename}"`,
    type === undefined ? '' : `\r\nContent-Type: ${type}`,
    '\r\n\r\n',
    body,
    '\r\n',
  ]);
  return Buffer.concat([...pieces, ending].map((piece) => Buffer.from(piece)));
}

async function upload(body: Buffer | string, headers: Record<string, string> = {}, key = app.key): Promise<Answer> {
  const response = await fetch(`${gateway.url}/v1/files/upload`, {
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, ...bearer(key), ...headers },
    body: new Uint8Array(Buffer.from(body)),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Body };
}

async function storedFiles(): Promise<string[]> {
  const entries = await readdir(gateway.filesDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

const plain = { filename: 'a.txt', type: 'text/plain' };

describe('POST /v1/files/upload (service-api 2.9)', () => {
  it('answers 201 with every key, and keeps the content', async () => {
    const { status, body } = await upload(multipart([{ name: 'user', body: 'ann' }, plain]));
    expect(status).toBe(201);
    const { id, created_by: createdBy, source_url: sourceUrl } = body as unknown as Record<string, string>;
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      reference: null,
      name: 'a.txt',
      size: 7,
      extension: 'txt',
      mime_type: 'text/plain',
      created_by: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      created_at: expect.any(Number) as unknown,
      preview_url: null,
      source_url: expect.stringContaining(`${gateway.url}/files/${id}/file-preview?timestamp=`) as unknown,
      original_url: null,
      user_id: null,
      tenant_id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      conversation_id: null,
      file_key: null,
    });
    const content = await fetch(sourceUrl!);
    expect([content.status, await content.text()]).toEqual([200, 'content']);
    expect(await storedFiles()).toContain(id);

    const again = await upload(multipart([plain, { name: 'user', body: 'ann' }]));
    expect(again.body['created_by']).toBe(createdBy);
    expect(again.body['id']).not.toBe(id);
    expect((await upload(multipart([plain]))).body['created_by']).not.toBe(createdBy);
  });

  it.each<[string, RawPart, object]>([
    [
      'a Unicode name',
      { filename: 'Übung – 漢字 😀.PDF', type: 'application/pdf' },
      { name: 'Übung – 漢字 😀.PDF', extension: 'pdf' },
    ],
    ['a double extension', { filename: 'a.tar.GZ', type: 'application/gzip' }, { name: 'a.tar.GZ', extension: 'gz' }],
    ['no extension', { filename: 'Makefile', type: 'text/plain' }, { name: 'Makefile', extension: '' }],
    ['a quote', { filename: 'a%22b.txt', type: 'text/plain' }, { name: 'a"b.txt', extension: 'txt' }],
    ['dots only', { filename: '..', type: 'text/plain' }, { name: '..', extension: '' }],
    ['an empty file', { ...plain, body: '' }, { size: 0, name: 'a.txt' }],
    ['a type with parameters', { ...plain, type: 'Text/Plain; charset=utf-8' }, { mime_type: 'text/plain' }],
    ['a long name', { ...plain, filename: `${'é'.repeat(250)}.b.txt` }, { name: `${'é'.repeat(200)}.txt` }],
  ])('takes %s', async (_, part, expected) => {
    const { status, body } = await upload(multipart([part]));
    expect([status, body]).toEqual([201, expect.objectContaining(expected)]);
    const content = await fetch(String(body['source_url']));
    expect([content.status, await content.text()]).toEqual([200, part.body ?? 'content']);
  });

  it('takes the first of several files with the same name, and ignores other fields', async () => {
    const parts = [
      { name: 'type', body: 'document' },
      { ...plain, body: 'one' },
      { ...plain, filename: 'b.txt', body: 'two' },
    ];
    const { status, body } = await upload(multipart(parts));
    expect([status, body['name'], body['size']]).toEqual([201, 'a.txt', 3]);
  });

  const mebibyte = 1024 * 1024;
  const sized = (filename: string, bytes: number): Buffer =>
    multipart([{ filename, type: 'application/octet-stream', body: Buffer.alloc(bytes) }]);

  it.each<[string, Buffer | string, Record<string, string>, number, string, string?]>([
    [
      'a field instead of a file',
      multipart([{ name: 'file' }]),
      {},
      400,
      'no_file_uploaded',
      'Please upload your file.',
    ],
    ['no part', multipart([]), {}, 400, 'no_file_uploaded'],
    ['no body', '', {}, 400, 'no_file_uploaded'],
    ['JSON', '{}', { 'content-type': 'application/json' }, 400, 'no_file_uploaded'],
    ['no boundary', multipart([plain]), { 'content-type': 'multipart/form-data' }, 400, 'no_file_uploaded'],
    [
      'another boundary',
      multipart([plain]),
      { 'content-type': 'multipart/form-data; boundary=no' },
      400,
      'no_file_uploaded',
    ],
    ['a file of another name', multipart([{ ...plain, name: 'doc' }]), {}, 400, 'no_file_uploaded'],
    [
      'files of two names',
      multipart([plain, { ...plain, name: 'b' }]),
      {},
      400,
      'too_many_files',
      'Only one file is allowed.',
    ],
    ['two names before a type', multipart([{ filename: 'a.txt' }, { ...plain, name: 'b' }]), {}, 400, 'too_many_files'],
    ['no type', multipart([{ filename: 'a.txt' }]), {}, 415, 'unsupported_file_type', 'File type not allowed.'],
    ['no type before no name', multipart([{ filename: '' }]), {}, 415, 'unsupported_file_type'],
    [
      'no name',
      multipart([{ ...plain, filename: '' }]),
      {},
      400,
      'filename_not_exists_error',
      'The specified filename does not exist.',
    ],
    [
      'a slash',
      multipart([{ ...plain, filename: '../../etc/passwd' }]),
      {},
      400,
      'invalid_param',
      'Filename contains invalid characters',
    ],
    [
      'a backslash',
      multipart([{ ...plain, filename: 'a\\b.exe' }]),
      {},
      400,
      'invalid_param',
      'Filename contains invalid characters',
    ],
    [
      'a blocked extension',
      multipart([{ ...plain, filename: 'x.EXE' }]),
      {},
      400,
      'invalid_param',
      "File extension '.exe' is not allowed for security reasons",
    ],
    [
      'a blocked extension written with its dot',
      multipart([{ ...plain, filename: 'x.bat' }]),
      {},
      400,
      'invalid_param',
    ],
    ['a long user', multipart([plain, { name: 'user', body: 'u'.repeat(256) }]), {}, 400, 'invalid_param'],
    ['a broken end', multipart([plain], '--XBOUN'), {}, 400, 'bad_request'],
    ['an image over its limit', sized('a.png', 10 * mebibyte + 1), {}, 413, 'file_too_large', ''],
    ['a document over its limit', sized('a.pdf', 15 * mebibyte + 1), {}, 413, 'file_too_large', ''],
    ['a body over every limit', sized('a.mp4', 102 * mebibyte), {}, 413, 'file_too_large', ''],
  ])('refuses %s', async (_, body, headers, status, code, message = expect.any(String) as string) => {
    const before = await storedFiles();
    const answer = await upload(body, headers);
    expect(answer.body).toEqual({ code, status, message });
    expect(answer.status).toBe(status);
    expect(await storedFiles()).toEqual(before);
  });

  it.each<[string, number]>([
    ['a.png', 10 * mebibyte],
    ['a.bin', 15 * mebibyte],
  ])('takes %s of exactly its limit', async (filename, bytes) => {
    expect((await upload(sized(filename, bytes))).status).toBe(201);
  });

  it('needs a key', async () => {
    expect((await upload(multipart([plain]), {}, 'app-wrong')).body).toMatchObject({ code: 'unauthorized' });
    const { status, body } = await call(`${gateway.url}/v1/files/upload`, { headers: bearer(app.key) });
    expect([status, body['code']]).toEqual([405, 'method_not_allowed']);
  });

  it('leaves nothing of an upload that is broken off', async () => {
    const before = await storedFiles();
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const head = [
      'POST /v1/files/upload HTTP/1.1',
      'Host: h',
      `Authorization: Bearer ${app.key}`,
      `Content-Type: multipart/form-data; boundary=${boundary}`,
      'Content-Length: 1000000',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    socket.write(multipart([{ ...plain, body: 'x'.repeat(200_000) }]).subarray(0, 150_000));
    // The draft is there once the file has begun to arrive.
    while ((await storedFiles()).length === before.length) await new Promise((resolve) => setTimeout(resolve, 10));
    socket.destroy();
    while ((await storedFiles()).length > before.length) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await storedFiles()).toEqual(before);
  });
});

describe('signed links (service-api 6.5)', () => {
  async function link(part: RawPart = plain): Promise<URL> {
    const { body } = await upload(multipart([part]));
    return new URL(String(body['source_url']));
  }

  it.each<[string, string, RawPart, string, string]>([
    ['text inline', '', plain, 'text/plain', 'inline; filename=a.txt'],
    [
      'an image inline',
      '',
      { filename: 'é.png', type: 'image/png' },
      'image/png',
      `inline; filename="?.png"; filename*=UTF-8''%C3%A9.png`,
    ],
    ['anything as a download', '&as_attachment=true', plain, 'application/octet-stream', 'attachment; filename=a.txt'],
    [
      'HTML as a download',
      '',
      { filename: 'a.html', type: 'text/html' },
      'application/octet-stream',
      'attachment; filename=a.html',
    ],
    [
      'SVG as a download',
      '',
      { filename: 'a.svg', type: 'image/svg+xml' },
      'application/octet-stream',
      'attachment; filename=a.svg',
    ],
    [
      'a Unicode name',
      '',
      { filename: '漢.bin', type: 'x/y' },
      'application/octet-stream',
      `attachment; filename="?.bin"; filename*=UTF-8''%E6%BC%A2.bin`,
    ],
  ])('serve %s', async (_, query, part, type, disposition) => {
    const response = await fetch(`${(await link(part)).href}${query}`);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('content');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': type,
      'content-disposition': disposition,
      'content-length': '7',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  it('serve ranges', async () => {
    const { href } = await link();
    const part = await fetch(href, { headers: { range: 'bytes=1-3' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 1-3/7', 'ont']);
    const beyond = await fetch(href, { headers: { range: 'bytes=9-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */7']);
    const head = await fetch(href, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '7']);
  });

  it.each<[string, (url: URL) => void]>([
    [
      'a changed signature',
      (url) => {
        const sign = url.searchParams.get('sign')!;
        url.searchParams.set('sign', `${sign.startsWith('A') ? 'B' : 'A'}${sign.slice(1)}`);
      },
    ],
    ['a later timestamp', (url) => url.searchParams.set('timestamp', '9999999999')],
    ['no signature', (url) => url.searchParams.delete('sign')],
    ['a repeated signature', (url) => url.searchParams.append('sign', 'x')],
    ['another id', (url) => (url.pathname = `/files/${randomUUID()}/file-preview`)],
    [
      'the address of a tool file',
      (url) => (url.pathname = url.pathname.replace(/files\/(.*)\/file-preview/, 'files/tools/$1.txt')),
    ],
  ])('refuse %s', async (_, change) => {
    const url = await link();
    change(url);
    url.searchParams.set('x', '1');
    const { status, body } = await call(url.href);
    expect([status, body['code']]).toEqual([403, 'file_access_denied']);
  });

  it('expire', async () => {
    const url = await link();
    const timestamp = Number(url.searchParams.get('timestamp')) - 301;
    url.searchParams.set('timestamp', String(timestamp));
    expect((await call(url.href)).status).toBe(403);
    expect((await call(`${gateway.url}/files/../../etc/passwd/file-preview`)).status).toBe(404);
    expect((await call(`${gateway.url}/files/..%2f..%2fetc/file-preview`)).body).toMatchObject({
      code: 'file_not_found',
    });
  });

  it('are the only way: preview is for chats', async () => {
    const { body } = await upload(multipart([plain]));
    const preview = (id: string, key: string, query = '') =>
      call(`${gateway.url}/v1/files/${id}/preview${query}`, { headers: bearer(key) });
    for (const key of [app.key, other.key]) {
      expect((await preview(String(body['id']), key)).body).toEqual({
        code: 'file_not_found',
        message: 'File not found in message context',
        status: 404,
      });
    }
    expect((await preview(String(body['id']), app.key, '?as_attachment=maybe')).body).toMatchObject({
      code: 'invalid_param',
    });
    const odd = await preview('abc', app.key);
    expect([odd.status, odd.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  });

  it('begin with FILES_URL when it is set', async () => {
    const behind = await fixture.gateway({ uploads, filesUrl: 'https://files.example/base/' });
    const response = await fetch(`${behind.url}/v1/files/upload`, {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}`, ...bearer(app.key) },
      body: new Uint8Array(multipart([plain])),
    });
    const { source_url: url } = (await response.json()) as { source_url: string };
    expect(url).toMatch(/^https:\/\/files\.example\/base\/files\/[0-9a-f-]+\/file-preview\?/);
  });
});
