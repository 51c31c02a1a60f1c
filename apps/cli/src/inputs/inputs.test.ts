import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parameters, type FormVariable } from '../api/shapes.js';
import { addAssignment } from './assignments.js';
import { fileInputs, fileKindOf, mimeTypeOf } from './files.js';
import { parseMoment } from './moments.js';
import { objectOf, typedInputs } from './typed-inputs.js';

const form: FormVariable[] = parameters.parse({
  user_input_form: [
    { 'text-input': { variable: 'name', required: true } },
    { number: { variable: 'n' } },
    { checkbox: { variable: 'loud' } },
    { json_object: { variable: 'data' } },
    { select: { variable: 'tone', options: ['a', 'b'] } },
    { file: { variable: 'doc', allowed_file_types: ['document', 'image'] } },
    { 'file-list': { variable: 'docs', allowed_file_types: ['custom'] } },
    { number: { variable: '__proto__' } },
    { 'file-list': { variable: 'constructor', allowed_file_types: ['custom'] } },
  ],
});
const inputs = (...texts: string[]) =>
  texts.reduce<ReturnType<typeof addAssignment>>((all, text) => addAssignment(text, all), []);
const typed = (...texts: string[]) => typedInputs(form, inputs(...texts));

describe('assignments', () => {
  it('split at the first =', () => {
    expect(inputs('a=b=c', 'd=')).toEqual([
      { name: 'a', value: 'b=c' },
      { name: 'd', value: '' },
    ]);
    for (const text of ['a', '=a', '']) expect(() => addAssignment(text)).toThrow('name=value');
  });
});

describe('typed inputs', () => {
  it.each<[string, unknown]>([
    ['name=12', '12'],
    ['n=12', 12],
    ['n=-1.5', -1.5],
    ['n= 7 ', 7],
    ['n=9007199254740993', '9007199254740993'],
    ['n=1.0', '1.0'],
    ['loud=yes', true],
    ['loud=False', false],
    ['data={"a":1.5}', { a: 1.5 }],
    ['tone=a', 'a'],
  ])('%s', (text, value) => {
    expect(Object.values(typed(text))).toEqual([value]);
  });

  it.each([
    ['n=many', 'n must be a number, not "many".'],
    ['n=', 'n must be a number'],
    ['n=0x10', 'n must be a number'],
    ['loud=maybe', 'loud must be true or false'],
    ['data=[1]', 'data must be a JSON object.'],
    ['data={', 'data is no JSON'],
    ['nme=x', 'The app has no input nme. It has: name (text-input, required), n (number)'],
    ['doc=x.pdf', 'doc is a file: give it with --file doc=path'],
  ])('refuses %s', (text, message) => {
    expect(() => typed(text)).toThrow(message);
  });

  it('takes any name', () => {
    expect(Object.entries(typed('__proto__=1'))).toEqual([['__proto__', 1]]);
  });

  it('refuses a name given twice', () => {
    expect(() => typed('__proto__=1', '__proto__=1')).toThrow('twice');
    expect(() => typed('name=a', 'name=b')).toThrow('twice');
  });

  it('read JSON objects only', () => {
    expect(objectOf('--inputs-json', '{"a":null}')).toEqual({ a: null });
    for (const text of ['null', '1', '[]', 'x']) expect(() => objectOf('--inputs-json', text)).toThrow('--inputs-json');
  });
});

describe('files', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
    await writeFile(join(dir, 'a.pdf'), '%PDF');
  });
  afterAll(() => rm(dir, { recursive: true }));
  const uploads: string[] = [];
  const api = {
    upload: async (path: string, user: string, type: string) => {
      uploads.push([path.slice(dir.length + 1), user, type].join(' '));
      return { id: `id-${uploads.length}` };
    },
  };
  const files = (...texts: string[]) => fileInputs(api, form, inputs(...texts), 'me');

  it('are uploaded, or named by their address; a list takes several', async () => {
    const pdf = join(dir, 'a.pdf');
    expect(await files(`doc=${pdf}`, `docs=${pdf}`, 'docs=https://example.com/b.png?x=1')).toEqual({
      doc: { type: 'document', transfer_method: 'local_file', upload_file_id: 'id-1' },
      docs: [
        { type: 'custom', transfer_method: 'local_file', upload_file_id: 'id-2' },
        { type: 'custom', transfer_method: 'remote_url', url: 'https://example.com/b.png?x=1' },
      ],
    });
    expect(uploads[0]).toBe('a.pdf me application/pdf');
  });

  it('may have any name', async () => {
    expect(await files('constructor=https://example.com/b.png')).toEqual({
      constructor: [{ type: 'custom', transfer_method: 'remote_url', url: 'https://example.com/b.png' }],
    });
  });

  it('are all looked at before the first is uploaded', async () => {
    const before = uploads.length;
    await expect(files(`doc=${join(dir, 'a.pdf')}`, `docs=${join(dir, 'none.pdf')}`)).rejects.toThrow("can't be read");
    await expect(files('name=x')).rejects.toThrow('name is no file');
    await expect(files(`doc=${dir}`)).rejects.toThrow('is no file');
    await expect(files(`doc=${join(dir, 'a.pdf')}`, 'doc=https://x/y')).rejects.toThrow('doc takes one file');
    await expect(files('odd=x')).rejects.toThrow('no input odd');
    expect(uploads).toHaveLength(before);
  });

  it('are of the kind that their extension says', () => {
    expect(['a.PNG', 'b.mp3', 'c.mp4', 'd.pdf', 'e'].map((name) => fileKindOf(name, undefined))).toEqual([
      ...['image', 'audio', 'video', 'document', 'document'],
    ]);
    expect(fileKindOf('a.png', ['image', 'custom'])).toBe('image');
    expect(mimeTypeOf('x.unknown')).toBe('application/octet-stream');
  });
});

describe('moments', () => {
  const nowMs = Date.UTC(2026, 10, 25, 12);
  it.each([
    ['15m', '2026-11-25T11:45:00.000Z'],
    ['2h', '2026-11-25T10:00:00.000Z'],
    ['1d', '2026-11-24T12:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T08:30', '2026-11-20T08:30:00.000Z'],
    ['2026-11-20T08:30:00+02:00', '2026-11-20T06:30:00.000Z'],
  ])('%s', (text, iso) => {
    expect(parseMoment(text, nowMs)).toBe(iso);
  });
  it.each(['soon', '5', '2026-13-01', '1y'])('refuses %s', (text) => {
    expect(() => parseMoment(text, nowMs)).toThrow('It must be a time');
  });
});
