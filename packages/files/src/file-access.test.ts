import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  OutboundError,
  ResponseSizeError,
  type FileStorage,
  type OutboundRequest,
  type OutboundResponse,
  type StoredFile,
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

function access(answer?: Partial<OutboundResponse> | Error) {
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
    outbound: {
      async request(request) {
        asked.push(request);
        if (answer instanceof Error) throw answer;
        return { status: 200, statusText: '', headers: {}, body: Buffer.from('remote'), url: request.url, ...answer };
      },
    },
  });
  return { files, asked };
}

const limits = { maxBytes: 100 };
const file = (bytes = 'content') => ({ bytes: Buffer.from(bytes), name: 'ä.txt', mimeType: 'text/plain' });
const remote = { dify_model_identity: '__dify__file__', transfer_method: 'remote_url', remote_url: 'http://h/r.pdf' };

it('makes files and reads them again', async () => {
  const { files } = access();
  const value = await files.create(owner, file());
  expect(value).toMatchObject({
    ...{ type: 'document', transfer_method: 'tool_file', filename: 'ä.txt', extension: '.txt', size: 7 },
    ...{ mime_type: 'text/plain', related_id: rows[0]?.id, url: null, remote_url: null },
  });
  expect(rows[0]).toMatchObject({ ...owner, origin: 'tool', extension: 'txt', size: 7, name: 'ä.txt' });
  expect(await files.read(owner, value, limits)).toEqual(file());
});

it('names responses as they say, or by their type', async () => {
  const { files } = access();
  const body = Buffer.from('x');
  const named = {
    headers: { 'content-type': 'application/pdf', 'content-disposition': 'attachment; filename="a/b.pdf"' },
  };
  expect(await files.createFromResponse(owner, { ...named, body, url: 'http://h/x' })).toMatchObject({
    ...{ filename: 'b.pdf', extension: '.pdf', mime_type: 'application/pdf', type: 'document' },
  });
  const bare = { headers: { 'content-type': 'image/png' }, body, url: 'http://h/' };
  expect(await files.createFromResponse(owner, bare)).toMatchObject({
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
  await expect(files.read(owner, value, limits)).rejects.toMatchObject({ kind: 'not-found' });
  await expect(files.read(owner, { ...value, ...remote }, limits)).rejects.toMatchObject({ kind: 'not-found' });
  expect(asked).toEqual([]);
});

it('refuses what is too large before it reads it, and what is gone', async () => {
  const { files } = access();
  const value = await files.create(owner, file('x'.repeat(101)));
  await expect(files.read(owner, value, limits)).rejects.toMatchObject({
    kind: 'too-large',
    message: 'File ä.txt is too large: 101 bytes, at most 100 are accepted',
  });
  await storage.remove({ tenantId: owner.tenantId, fileId: rows[0]!.id });
  await expect(files.read(owner, value, limits)).rejects.toMatchObject({ kind: 'not-found' });
});

describe('remote files', () => {
  it('are fetched through the guarded client, within the limit', async () => {
    const { files, asked } = access();
    expect(await files.read(owner, remote, limits)).toEqual({
      ...{ bytes: Buffer.from('remote'), name: 'r.pdf', mimeType: 'application/pdf' },
    });
    expect(asked).toMatchObject([{ method: 'GET', url: 'http://h/r.pdf', maxResponseBytes: 100 }]);
  });

  it.each<[string, object | Error, object, string]>([
    ['another status', { status: 404 }, remote, 'Fetching http://h/r.pdf failed with status code 404'],
    [
      'a refused address',
      new OutboundError('not-allowed', 'h is not allowed'),
      remote,
      'Fetching http://h/r.pdf failed: h is not allowed',
    ],
    [
      'too much',
      new ResponseSizeError(100, 500, {}, new Uint8Array()),
      remote,
      'File http://h/r.pdf is too large: 500 bytes, at most 100 are accepted',
    ],
    ['another protocol', {}, { ...remote, remote_url: 'file:///etc/passwd' }, 'The file has no address'],
    ['no address', {}, { ...remote, remote_url: null }, 'The file has no address'],
  ])('fail clearly for %s', async (_, answer, value, message) => {
    const reading = access(answer).files.read(owner, value as typeof remote, limits);
    await expect(reading).rejects.toMatchObject({ name: 'FileError', message });
  });
});
