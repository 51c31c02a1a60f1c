import type { StoredFile, Value, ValueObject } from '@millrace/contracts';
import { parseForm } from '../form.js';
import { fileNeeds, placeFiles } from './form-files.js';
import { fileReference } from './file-value.js';

const ids = {
  png: '00000000-0000-4000-8000-000000000001',
  pdf: '00000000-0000-4000-8000-000000000002',
  odd: '00000000-0000-4000-8000-000000000003',
  made: '00000000-0000-4000-8000-000000000004',
};
const foreign = '00000000-0000-4000-8000-00000000000f';

const storedFile = (
  id: string,
  name: string,
  mimeType: string,
  origin: StoredFile['origin'] = 'upload',
): StoredFile => ({
  ...{ id, name, mimeType, origin, extension: name.split('.')[1] ?? '', size: 5, hash: '', createdAtMs: 0 },
  ...{ tenantId: 't', appId: 'a', endUserId: 'u' },
});
const facts = {
  stored: new Map(
    [
      storedFile(ids.png, 'a.png', 'image/png'),
      storedFile(ids.pdf, 'b.pdf', 'application/pdf'),
      storedFile(ids.odd, 'c.zip', 'application/zip'),
      storedFile(ids.made, 'd.png', 'image/png', 'tool'),
    ].map((file) => [file.id, file]),
  ),
  remote: new Map([
    ['http://h/x.png', { filename: 'x.png', extension: '.png', mimeType: 'image/png', size: 7 }],
    ['https://h/y', { filename: 'y', extension: '.bin', mimeType: 'application/octet-stream', size: -1 }],
  ]),
};

const any = { allowed_file_types: ['image', 'document', 'custom'], allowed_file_extensions: ['zip', 'bin'] };
const local = (id: string, more: ValueObject = {}): ValueObject => ({
  transfer_method: 'local_file',
  upload_file_id: id,
  ...more,
});
const remote = (url: Value, more: ValueObject = {}): ValueObject => ({ transfer_method: 'remote_url', url, ...more });
const mismatch = '! Detected file type does not match the specified type. Please verify the file.';

function place(declared: ValueObject, value: Value): unknown {
  const form = parseForm({ variables: [{ variable: 'v', ...declared }] });
  const placed = placeFiles(form, {}, { files: [], values: { v: value } }, facts);
  if (!placed.ok) return `! ${placed.message}`;
  const show = (file: Value): unknown => {
    const { type, filename, transfer_method: method, id } = file as Record<string, string | null>;
    return `${String(type)} ${String(filename)} ${String(method)}${id === null ? '' : ` id=${String(id)}`}`;
  };
  const { v } = placed.values;
  return Array.isArray(v) ? v.map(show) : v === null ? null : show(v as Value);
}

describe('a file variable (service-api 3.4)', () => {
  it.each<[string, ValueObject, Value, unknown]>([
    ['an upload', any, local(ids.png, { type: 'image' }), 'image a.png local_file'],
    ['an upload in capitals', any, local(ids.png.toUpperCase(), { type: 'image' }), 'image a.png local_file'],
    [
      'by reference',
      any,
      { transfer_method: 'local_file', reference: fileReference(ids.pdf), type: 'document' },
      'document b.pdf local_file',
    ],
    [
      'by related id',
      any,
      { transfer_method: 'local_file', related_id: ids.pdf, type: 'document' },
      'document b.pdf local_file',
    ],
    ['with an id of the caller', any, local(ids.png, { type: 'image', id: 'mine' }), 'image a.png local_file id=mine'],
    ['an address', any, remote('http://h/x.png', { type: 'image' }), 'image x.png remote_url'],
    [
      'an address called remote_url',
      any,
      { transfer_method: 'remote_url', remote_url: 'http://h/x.png', type: 'image' },
      'image x.png remote_url',
    ],
    [
      'an upload given as remote',
      any,
      remote('ignored', { upload_file_id: ids.png, type: 'image' }),
      'image a.png remote_url',
    ],
    [
      'a file of a node',
      { allowed_file_types: ['audio'] },
      { transfer_method: 'tool_file', related_id: ids.made, type: 'image' },
      'image d.png tool_file',
    ],
    ['a custom one by its extension', any, local(ids.odd, { type: 'custom' }), 'custom c.zip local_file'],
    ['no type, counted as custom', any, local(ids.odd), 'custom c.zip local_file'],
    [
      'a custom one of a known class',
      { allowed_file_extensions: ['.PNG'] },
      local(ids.png, { type: 'custom' }),
      'image a.png local_file',
    ],
    [
      'another type where custom is allowed',
      { allowed_file_types: ['custom'], allowed_file_extensions: ['.png'] },
      local(ids.png, { type: 'image' }),
      'image a.png local_file',
    ],
    [
      'an image by any method',
      { ...any, allowed_file_upload_methods: ['local_file'] },
      remote('http://h/x.png', { type: 'image' }),
      'image x.png remote_url',
    ],
    ['no settings at all', {}, local(ids.pdf, { type: 'document' }), 'document b.pdf local_file'],

    ['no method', any, {}, '! transfer_method is required in file mapping'],
    ['an unknown method', any, { transfer_method: 'ftp' }, "! 'ftp' is not a valid FileTransferMethod"],
    ['no id', any, { transfer_method: 'local_file' }, '! Invalid upload file id'],
    ['a null id', any, local(null as unknown as string), '! Invalid upload file id'],
    ['an id that is none', any, local('../../etc/passwd'), '! Invalid upload file id format'],
    ['a number as id', any, local(5 as unknown as string), '! Invalid upload file id format'],
    ['a file of somebody else', any, local(foreign), '! Invalid upload file'],
    ['a file of a node as an upload', any, local(ids.made), '! Invalid upload file'],
    [
      'an upload as a file of a node',
      any,
      { transfer_method: 'tool_file', related_id: ids.png },
      '! Invalid upload file',
    ],
    ['no address', any, { transfer_method: 'remote_url' }, '! Invalid file url'],
    ['an address that is none', any, remote('ftp://h/x.png'), '! Invalid file url'],
    ['an address that nobody can read', any, remote('http://'), '! Invalid file url'],
    ['an unknown type', any, local(ids.png, { type: 'photo' }), "! 'photo' is not a valid FileType"],
    ['another type', any, local(ids.png, { type: 'document' }), mismatch],
    ['another type, remote', any, remote('http://h/x.png', { type: 'video' }), mismatch],
    [
      'a type that is not allowed',
      { allowed_file_types: ['document'] },
      local(ids.png, { type: 'image' }),
      '! File validation failed for file: a.png',
    ],
    [
      'an extension that is not allowed',
      { ...any, allowed_file_extensions: ['bin'] },
      local(ids.odd),
      '! File validation failed for file: c.zip',
    ],
    [
      'custom without extensions',
      { allowed_file_types: ['custom'] },
      local(ids.odd),
      '! File validation failed for file: c.zip',
    ],
    ['custom without settings', {}, local(ids.odd), '! File validation failed for file: c.zip'],
    [
      'a method that is not allowed',
      { ...any, allowed_file_upload_methods: ['remote_url'] },
      local(ids.pdf, { type: 'document' }),
      '! File validation failed for file: b.pdf',
    ],
    ['nothing', any, null, null],
  ])('%s', (_, declared, mapping, outcome) => {
    expect(place({ type: 'file', ...declared }, mapping)).toEqual(outcome);
  });
});

describe('a file-list variable', () => {
  it.each<[string, ValueObject, Value[], unknown]>([
    [
      'keeps the order',
      any,
      [remote('http://h/x.png', { type: 'image' }), local(ids.odd)],
      ['image x.png remote_url', 'custom c.zip local_file'],
    ],
    ['believes the declared type', any, [local(ids.png, { type: 'document' })], ['document a.png local_file']],
    [
      'drops what says nothing',
      any,
      [
        {},
        { type: 'image' },
        { transfer_method: 'remote_url' },
        { transfer_method: 'remote_url', upload_file_id: ids.png },
      ],
      [],
    ],
    ['is empty', any, [], []],
    ['refuses what is wrong', any, [local(ids.odd), local(foreign)], '! Invalid upload file'],
    ['refuses an unknown type', any, [local(ids.png, { type: 'x' })], "! 'x' is not a valid FileType"],
  ])('%s', (_, declared, mappings, outcome) => {
    expect(place({ type: 'file-list', ...declared }, mappings)).toEqual(outcome);
  });
});

describe('top-level files', () => {
  const image = local(ids.png, { type: 'image' });
  const document = local(ids.pdf, { type: 'document' });
  const tooMany = (what: string, n: number): string => `! Number of ${what} exceeds the maximum limit ${n}`;

  it.each<[string, Value, ValueObject[], unknown]>([
    ['off: anything', { enabled: false, allowed_file_types: ['audio'], number_limits: 1 }, [image, document], 2],
    ['absent: anything', null, [image, image, image, image], 4],
    ['of the old form: anything', { image: { enabled: true, number_limits: 1 } }, [image, image], 2],
    ['on', { enabled: true }, [image, image, image, document], 4],
    ['on: images count three', { enabled: true }, [image, image, image, image], tooMany('image files', 3)],
    ['on: no total limit for 0', { enabled: true, number_limits: 0 }, [document, document, document, document], 4],
    ['on: no image for 0', { enabled: true, number_limits: 0 }, [image], tooMany('image files', 0)],
    ['on: all files', { enabled: true, number_limits: 2 }, [image, document, document], tooMany('files', 2)],
    ['on: images before all', { enabled: true, number_limits: 1 }, [image, image], tooMany('image files', 1)],
    [
      'on: methods of images',
      { enabled: true, allowed_file_upload_methods: ['remote_url'] },
      [image],
      '! File validation failed for file: a.png',
    ],
    [
      'on: types',
      { enabled: true, allowed_file_types: ['image'] },
      [document],
      '! File validation failed for file: b.pdf',
    ],
    ['on: limits come last', { enabled: true, number_limits: 1 }, [image, local(foreign)], '! Invalid upload file'],
    ['strict', null, [local(ids.png, { type: 'video' })], mismatch],
    ['dropped silently', null, [{}, { transfer_method: 'remote_url' }], 0],
  ])('with the feature %s', (_, upload, files, outcome) => {
    const placed = placeFiles([], { file_upload: upload }, { files, values: {} }, facts);
    expect(placed.ok ? placed.files.length : `! ${placed.message}`).toBe(outcome);
  });

  it('are judged before the form', () => {
    const form = parseForm({ variables: [{ variable: 'v', type: 'file' }] });
    const sent = { files: [local(foreign)], values: { v: {} } };
    expect(placeFiles(form, {}, sent, facts)).toEqual({ ok: false, message: 'Invalid upload file' });
  });
});

it('names what must be looked up, once each, and nothing that is wrong anyhow', () => {
  const form = parseForm({
    variables: [
      { variable: 'f', type: 'file' },
      { variable: 'l', type: 'file-list' },
      { variable: 'j', type: 'json_object' },
    ],
  });
  const values = {
    f: local(ids.png),
    l: [
      local(ids.png),
      remote('http://h/x.png'),
      remote('ftp://h'),
      local('nope'),
      { transfer_method: 'remote_url', upload_file_id: ids.odd },
    ],
    j: local(foreign),
  };
  const files = [remote('http://h/x.png'), remote('https://h/y', { upload_file_id: ids.pdf }), {}];
  expect(fileNeeds(form, { files, values })).toEqual({ ids: [ids.pdf, ids.png], urls: ['http://h/x.png'] });
});
