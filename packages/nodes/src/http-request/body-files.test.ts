import type { OutboundRequest, Value, ValueObject } from '@millrace/contracts';
import { createChecks } from '../checks/checks.js';
import { fileValue, memoryFiles } from '../testing/memory-files.js';
import { replying, readForm, sentBytes, sentForm } from '../testing/replies.js';
import { nodeRequest } from '../testing/request.js';
import { encodeForm } from './form.js';
import { createHttpRequestNode } from './http-request.js';

const checks = createChecks();
const content = (name: string, bytes: string | Uint8Array) => ({
  name,
  mimeType: 'text/x-test',
  bytes: Buffer.from(bytes),
});
const known = {
  one: content('eins é.txt', 'first'),
  two: content('zwei.txt', Buffer.from([0, 255, 13, 10])),
  half: content('half', new Uint8Array(60 * 1024 * 1024)),
};
const pool = {
  a: {
    one: fileValue('one'),
    two: fileValue('two'),
    list: [fileValue('one'), fileValue('two')],
    halves: [fileValue('half'), fileValue('half')],
    gone: fileValue('gone'),
    text: 'x',
    none: null,
    empty: [],
  },
};

async function run(type: string, data: ValueObject[], headers = '') {
  const sent: OutboundRequest[] = [];
  const files = memoryFiles(known);
  const node = createHttpRequestNode({ outbound: replying({}, sent), files, checks });
  const config = { type: 'http-request', method: 'post', url: 'http://h.example/', headers, body: { type, data } };
  const result = await node.execute(nodeRequest(config, pool).request);
  expect(files.stillOpen()).toBe(0);
  return { result, request: sent[0], dump: result.processData['request'] as string };
}

const file = (name: string, key = 'f'): ValueObject => ({ type: 'file', key, value: '', file: ['a', name] });

describe('form-data', () => {
  it('sends files, single and in lists, beside text', async () => {
    const items = [file('list', '{{#a.text#}}s'), { type: 'text', key: 'k', value: '{{#a.text#}}' }, file('one')];
    const { request, dump } = await run('form-data', items, 'Content-Type: x/y');
    const form = await sentForm(request!);
    expect([...form.keys()]).toEqual(['k', 'xs', 'xs', 'f']);
    const files = form.getAll('xs') as File[];
    expect(files.map(({ name, type, size }) => [name, type, size])).toEqual([
      ['eins é.txt', 'text/x-test', 5],
      ['zwei.txt', 'text/x-test', 4],
    ]);
    expect(Buffer.from(await files[1]!.arrayBuffer())).toEqual(known.two.bytes);
    expect(request?.headers['Content-Type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(dump).toContain('k: x\r\nxs: <file: eins é.txt, text/x-test, 5 bytes>\r\nxs: <file: zwei.txt');
  });

  it.each(['text', 'none', 'empty', 'missing'])('leaves a field out whose value is %s', async (name) => {
    const { result, request } = await run('form-data', [file(name)]);
    expect(result.status).toBe('succeeded');
    expect([...(await sentForm(request!)).keys()]).toEqual(['__multipart_placeholder__']);
  });
});

it('names and types of files, and fields, cannot break out of their part', async () => {
  const odd = { name: 'a"\r\nX: y.txt', mimeType: 'text/plain\r\nX: y', bytes: Buffer.from('x') };
  const { content, contentType } = encodeForm([
    { name: 'k"\r\nX: y', text: 'a\nb\r\nc\r' },
    { name: 'f', file: { ...odd, size: 1, read: () => [odd.bytes] as never } },
  ]);
  const text = (await sentBytes(content)).toString();
  expect(text).not.toMatch(/^X: y/m);
  const form = await readForm(text, contentType);
  expect([...form.keys()]).toEqual(['k"\r\nX: y', 'f']);
  // As Dify's client, and unlike browsers, text keeps its line ends.
  expect(text).toContain('\r\n\r\na\nb\r\nc\r\r\n--');
  expect((form.get('f') as File).name).toBe(odd.name);
});

describe('binary', () => {
  it.each([
    ['', {}],
    ['Content-Type: image/png', { 'Content-Type': 'image/png' }],
  ])('sends the bytes with the headers %j', async (headers, sent) => {
    const { request, dump } = await run('binary', [file('two')], headers);
    expect(await sentBytes(request?.body)).toEqual(known.two.bytes);
    expect(request?.headers).toEqual({ 'idempotency-key': 'exec-1', ...sent });
    expect(dump).toContain('<file: zwei.txt, text/x-test, 4 bytes>');
  });
});

it.each<[string, Value[], string, string]>([
  ['binary', [file('missing')], "cannot fetch file with selector ['a', 'missing']", 'FileFetchError'],
  ['binary', [file('none')], "cannot fetch file with selector ['a', 'none']", 'FileFetchError'],
  ['binary', [file('text')], "cannot fetch file with selector ['a', 'text']", 'FileFetchError'],
  ['binary', [], 'binary body type should have exactly one item', 'RequestBodyError'],
  ['binary', [file('one'), file('two')], 'binary body type should have exactly one item', 'RequestBodyError'],
  ['binary', [file('gone')], 'The file does not exist any more', 'FileFetchError'],
  ['form-data', [file('gone')], 'The file does not exist any more', 'FileFetchError'],
  ['form-data', [file('halves')], 'too large', 'FileFetchError'],
])('%s with %j fails', async (type, items, error, errorType) => {
  const { result, request } = await run(type, items as ValueObject[]);
  expect(result).toMatchObject({ status: 'failed', error, errorType });
  expect(request).toBeUndefined();
});
