import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  OutboundError,
  type FileReader,
  type FileStorage,
  type OutboundRequest,
  type StoredFile,
  type ValueObject,
} from '@millrace/contracts';
import { createFileAccess } from './file-access.js';
import { createLocalStorage } from './local-storage.js';

const owner = { tenantId: randomUUID(), appId: randomUUID(), endUserId: randomUUID() };
let directory: string;
let storage: FileStorage;
let rows: StoredFile[];
let refuseRows: boolean;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-access-'));
  storage = createLocalStorage(directory);
  rows = [];
  refuseRows = false;
});
afterEach(() => rm(directory, { recursive: true }));

interface Answer {
  status?: number;
  body?: string;
}

function access(answer: Answer | Error = {}, memoryBytes = 1000) {
  let cancelled = 0;
  const asked: OutboundRequest[] = [];
  const files = createFileAccess({
    storage,
    catalogue: {
      async insert(file) {
        if (refuseRows) throw new Error('no database');
        rows.push(file);
      },
      findOwned: async (of, ids) =>
        rows.filter(
          ({ id, tenantId, appId, endUserId }) =>
            ids.includes(id) && tenantId === of.tenantId && appId === of.appId && endUserId === of.endUserId,
        ),
    },
    memoryBytes,
    outbound: {
      async open(request) {
        asked.push(request);
        if (answer instanceof Error) throw answer;
        const { status = 200, body = 'remote' } = answer;
        return { status, statusText: '', headers: {}, url: request.url, body: pieces(body, () => (cancelled += 1)) };
      },
    },
  });
  return { files, asked, cancelled: () => cancelled };
}

/** Content that comes in pieces of four bytes. */
const pieces = (text: string, cancel = () => 0) => ({
  cancel: () => void cancel(),
  async *[Symbol.asyncIterator]() {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 4) yield bytes.subarray(at, at + 4);
  },
});

/** What a file value holds. */
async function read(files: FileReader, value: ValueObject, who = owner) {
  await using opened = await files.open(who, [value], limits);
  const [file] = opened.files;
  if (!file) throw new Error('nothing was opened');
  const { name, mimeType, size } = file;
  const content = () => text(file.read());
  // Whoever sends it may be asked to send it again.
  expect(await content()).toBe(await content());
  return { name, mimeType, size, content: await content() };
}

const limits = { maxBytes: 100, copies: 1 };
const file = (content = 'content', maxBytes = 1000) => ({
  ...{ name: 'ä.txt', mimeType: 'text/plain', maxBytes },
  content: pieces(content),
});
const remote = { dify_model_identity: '__dify__file__', transfer_method: 'remote_url', remote_url: 'http://h/r.pdf' };

it('makes files and reads them again', async () => {
  const { files } = access();
  const value = await files.create(owner, file());
  expect(value).toMatchObject({
    ...{ type: 'document', transfer_method: 'tool_file', filename: 'ä.txt', extension: '.txt', size: 7 },
    ...{ mime_type: 'text/plain', related_id: rows[0]?.id, url: null, remote_url: null },
  });
  expect(rows[0]).toMatchObject({ ...owner, origin: 'tool', extension: 'txt', size: 7, name: 'ä.txt' });
  expect(await read(files, value)).toEqual({ name: 'ä.txt', mimeType: 'text/plain', size: 7, content: 'content' });
});

it('names responses as they say, or by their type', async () => {
  const { files } = access();
  const body = pieces('x');
  const named = {
    headers: { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="a/b.pdf"' },
  };
  expect(await files.createFromResponse(owner, { ...named, body, url: 'http://h/x' }, 9)).toMatchObject({
    ...{ filename: 'b.pdf', extension: '.pdf', mime_type: 'application/pdf', type: 'document' },
  });
  const bare = { headers: { 'content-type': 'image/png' }, body, url: 'http://h/' };
  expect(await files.createFromResponse(owner, bare, 9)).toMatchObject({
    filename: expect.stringMatching(/^[0-9a-f]{32}\.png$/) as unknown,
    ...{ extension: '.png', type: 'image' },
  });
});

it('leaves nothing when the row cannot be written', async () => {
  refuseRows = true;
  await expect(access().files.create(owner, file())).rejects.toThrow('no database');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  expect(entries.filter((entry) => entry.isFile())).toEqual([]);
});

it.each(['tenantId', 'appId', 'endUserId'])('reads nothing of another %s, whatever a value claims', async (part) => {
  const { files, asked } = access();
  const value = await files.create({ ...owner, [part]: randomUUID() }, file());
  await expect(read(files, value)).rejects.toMatchObject({ kind: 'not-found' });
  await expect(read(files, { ...value, ...remote })).rejects.toMatchObject({ kind: 'not-found' });
  expect(asked).toEqual([]);
});

it('refuses what is too large before it reads it, and what is gone', async () => {
  const { files } = access();
  const value = await files.create(owner, file('x'.repeat(101)));
  await expect(read(files, value)).rejects.toMatchObject({
    kind: 'too-large',
    message: 'File ä.txt is too large: 101 bytes, at most 100 are accepted',
  });
  await storage.remove({ tenantId: owner.tenantId, fileId: rows[0]!.id });
  await expect(read(files, value)).rejects.toMatchObject({ kind: 'not-found' });
});

describe('remote files', () => {
  it('are fetched through the guarded client, within the limit', async () => {
    const { files, asked } = access();
    expect(await read(files, remote)).toEqual({
      ...{ content: 'remote', size: 6, name: 'r.pdf', mimeType: 'application/pdf' },
    });
    expect(asked).toMatchObject([{ method: 'GET', url: 'http://h/r.pdf' }]);
  });

  it('may be larger than their values say, but not than the limit', async () => {
    const { files, asked } = access();
    expect(await read(files, { ...remote, size: 3 })).toMatchObject({ content: 'remote' });
    expect(asked.length).toBe(2);
  });

  it('give their connection up when they are not read', async () => {
    const { files, cancelled } = access({ status: 500 });
    await expect(read(files, remote)).rejects.toMatchObject({ kind: 'not-readable' });
    expect(cancelled()).toBe(1);
  });

  it.each<[string, Answer | Error, object, string]>([
    [
      'an address with secrets',
      { status: 403 },
      { ...remote, remote_url: 'http://me:pass@h/r.pdf?sig=secret#x' },
      'Fetching http://h/r.pdf failed with status code 403',
    ],
    ['another status', { status: 404 }, remote, 'Fetching http://h/r.pdf failed with status code 404'],
    [
      'a refused address',
      new OutboundError('not-allowed', 'h is not allowed'),
      remote,
      'Fetching http://h/r.pdf failed: h is not allowed',
    ],
    ['too much', { body: 'x'.repeat(101) }, remote, 'File http://h/r.pdf is too large: at most 100 bytes are accepted'],
    ['another protocol', {}, { ...remote, remote_url: 'file:///etc/passwd' }, 'The file has no address'],
    ['no address', {}, { ...remote, remote_url: null }, 'The file has no address'],
  ])('fail clearly for %s', async (_, answer, value, message) => {
    await expect(read(access(answer).files, value as typeof remote)).rejects.toMatchObject({
      name: 'FileError',
      message,
    });
  });
});

describe('memory', () => {
  const tenant = () => ({ ...owner, tenantId: randomUUID() });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

  it('is shared out: whoever finds none waits, and gets it when files are closed', async () => {
    const { files, asked } = access({ body: 'x'.repeat(60) }, 200);
    const open = (who = tenant()) => files.open(who, [{ ...remote, size: 60 }], limits);
    const first = await open();
    const waiting = open();
    await settle();
    expect(asked.length).toBe(1);
    await first[Symbol.asyncDispose]();
    await waiting;
    expect(asked.length).toBe(2);
  });

  it('is given back where a remote file is smaller than was feared', async () => {
    const { files, asked } = access({}, 200);
    await files.open(tenant(), [remote], limits);
    await files.open(tenant(), [remote], limits);
    expect(asked.length).toBe(2);
  });

  it('is given back by whoever fails or leaves', async () => {
    const { files } = access({ status: 404 }, 100);
    const gone = new AbortController();
    for (let at = 0; at < 5; at++) await expect(read(files, remote)).rejects.toThrow('404');
    const stored = await files.create(owner, file('x'.repeat(70)));
    await using opened = await files.open(owner, [stored], limits);
    const left = files.open(owner, [stored], { ...limits, signal: gone.signal });
    gone.abort(new Error('stopped'));
    await expect(left).rejects.toThrow('stopped');
    expect(opened.files.length).toBe(1);
  });

  it('is not needed for stored files that are passed on', async () => {
    const { files } = access({}, 50);
    const stored = await files.create(owner, file('x'.repeat(90)));
    const passing = { maxBytes: 90, copies: 0 };
    const all = await Promise.all(Array.from({ length: 20 }, () => files.open(owner, [stored], passing)));
    expect(all.length).toBe(20);
  });

  it('counts the files of one call together', async () => {
    const { files } = access();
    const stored = await files.create(owner, file('x'.repeat(60)));
    await expect(files.open(owner, [stored, stored], limits)).rejects.toMatchObject({
      message: 'File ä.txt is too large: 60 bytes, at most 40 are accepted',
    });
  });
});
