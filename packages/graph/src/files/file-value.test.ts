import type { ValueObject } from '@millrace/contracts';
import { fileReference, fileValue, linkFiles, referencedId, storedFileValue } from './file-value.js';
import { parseJson, stringifyJson } from '../values/json.js';
import { resolveSelector } from '../values/selector.js';
import { toLog, toMarkdown, toText } from '../values/text.js';

const id = '6f1c0e6e-54a1-4c8f-9d5c-0a0b4f1d2c3e';
const stored = { id, name: 'Bericht.pdf', extension: 'pdf', mimeType: 'application/pdf', size: 12 };
const local = storedFileValue(stored, { type: 'document', transferMethod: 'local_file', remoteUrl: '' });
const remote = fileValue({
  ...{ type: 'image', transferMethod: 'remote_url', remoteUrl: 'http://h/a.png', filename: 'a.png' },
  ...{ extension: '.png', mimeType: 'image/png', size: -1 },
});
const sign = ({ id: of, origin, extension }: { id: string; origin: string; extension: string }): string =>
  `signed:${origin}:${of}.${extension}`;

it('has the documented JSON form (service-api 6.4)', () => {
  expect(linkFiles(local, sign)).toEqual({
    dify_model_identity: '__dify__file__',
    id: null,
    type: 'document',
    transfer_method: 'local_file',
    remote_url: '',
    reference: `dify-file-ref:${Buffer.from(`{"record_id":"${id}"}`).toString('base64url')}`,
    filename: 'Bericht.pdf',
    extension: '.pdf',
    mime_type: 'application/pdf',
    size: 12,
    related_id: id,
    url: `signed:upload:${id}.pdf`,
  });
  expect(remote).toMatchObject({
    reference: null,
    related_id: null,
    url: 'http://h/a.png',
    remote_url: 'http://h/a.png',
  });
});

it.each([
  [fileReference(id), id],
  [id, id],
  ['dify-file-ref:%%%', ''],
  [`dify-file-ref:${Buffer.from('[]').toString('base64url')}`, ''],
  [`dify-file-ref:${Buffer.from('null').toString('base64url')}`, ''],
])('the reference %j names %j', (reference, named) => {
  expect(referencedId(reference)).toBe(named);
});

it('keeps the order and the names of keys around files', () => {
  const text = `{"b":{"2":1,"1":${JSON.stringify({ ...local, url: 'u' })}},"__proto__":null}`;
  expect(stringifyJson(linkFiles(parseJson(text), () => 'u'))).toBe(text);
});

it('signs the links of stored files at any depth, and of nothing else', () => {
  const tool = { ...local, transfer_method: 'tool_file', related_id: id.toUpperCase() };
  const uploadedRemote = { ...local, transfer_method: 'remote_url', remote_url: null };
  const forged = { ...local, related_id: '../../secret', url: 'http://elsewhere' };
  const values: ValueObject = { a: [{ b: local }, tool], uploadedRemote, forged, remote, n: 1, s: null };
  expect(linkFiles(values, sign)).toEqual({
    ...values,
    a: [{ b: { ...local, url: `signed:upload:${id}.pdf` } }, { ...tool, url: `signed:tool:${id}.pdf` }],
    uploadedRemote: { ...uploadedRemote, url: `signed:upload:${id}.pdf`, remote_url: `signed:upload:${id}.pdf` },
  });
});

it.each([
  ['name', 'a.png'],
  ['size', -1],
  ['type', 'image'],
  ['extension', '.png'],
  ['mime_type', 'image/png'],
  ['transfer_method', 'remote_url'],
  ['url', 'http://h/a.png'],
  ['related_id', null],
  ['filename', undefined],
])('gives its attribute %s', (attribute, value) => {
  const pool = (first: string): ValueObject | undefined => (first === 'n' ? { f: remote } : undefined);
  expect(resolveSelector(pool, ['n', 'f', attribute])).toBe(value);
  expect(resolveSelector(pool, ['n', 'f', attribute, 'more'])).toBe(value);
});

it('has no text form, and links as markdown', () => {
  expect([toText(local), toLog(local), toText([local]), toText([remote, local])]).toEqual(['', '', '', '']);
  const linked = linkFiles(local, sign);
  expect(toMarkdown([remote, linked])).toBe(`![a.png](http://h/a.png)\n[Bericht.pdf](signed:upload:${id}.pdf)`);
});
