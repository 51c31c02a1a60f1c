import { OutboundError, type OutboundRequest } from '@millrace/contracts';
import { createRemoteLook, describeRemote } from './remote-files.js';

const attachment = (name: string) => ({ 'content-disposition': `attachment; filename="${name}"` });

it.each<[string, Record<string, string>, string, string, string, number]>([
  ['http://h/a/b.png', {}, 'b.png', '.png', 'image/png', -1],
  ['http://h/b.png?x=1', { 'content-type': 'text/html', 'content-length': '5' }, 'b.png', '.png', 'image/png', 5],
  ['http://h/%C3%BC%20x.PDF', {}, 'ü x.PDF', '.pdf', 'application/pdf', -1],
  ['http://h/100%.txt', {}, '100%.txt', '.txt', 'text/plain', -1],
  ['http://h/x', attachment('real.csv'), 'real.csv', '.csv', 'text/csv', -1],
  ['http://h/x', attachment('../../etc/passwd.txt'), 'passwd.txt', '.txt', 'text/plain', -1],
  ['http://h/x', attachment('c:\\\\dir\\\\a.txt'), 'a.txt', '.txt', 'text/plain', -1],
  ['http://h/%2e%2e%2fx.txt', {}, 'x.txt', '.txt', 'text/plain', -1],
  ['http://h/x', { 'content-disposition': '"broken' }, 'x', '.bin', 'application/octet-stream', -1],
  ['http://h/download.ashx', { 'content-type': 'Image/PNG; q=1' }, 'download.ashx', '.png', 'image/png', -1],
  ['http://h/x', { 'content-type': 'application/x-own', 'content-length': '-3' }, 'x', '.bin', 'application/x-own', -1],
  ['http://h/x.own', { 'content-length': 'many' }, 'x.own', '.own', 'application/octet-stream', -1],
])('%s with %j', (url, headers, filename, extension, mimeType, size) => {
  expect(describeRemote(url, headers)).toEqual({ filename, extension, mimeType, size });
});

it('names what has no name', () => {
  expect(describeRemote('http://h/', { 'content-type': 'image/png' })).toEqual({
    filename: expect.stringMatching(/^[0-9a-f]{32}\.png$/) as unknown,
    extension: '.png',
    mimeType: 'image/png',
    size: -1,
  });
});

it('asks with HEAD, all at once, and takes no answer for an answer', async () => {
  const asked: OutboundRequest[] = [];
  const look = createRemoteLook({
    outbound: {
      async request(request) {
        asked.push(request);
        if (request.url.includes('refused')) throw new OutboundError('not-allowed', 'h is not allowed');
        const status = request.url.includes('missing') ? 404 : 200;
        const headers = { 'content-type': 'text/html', 'content-length': '9' };
        return { status, statusText: '', headers, body: new Uint8Array(), url: request.url };
      },
    },
  });
  const found = await look(['http://h/a.png', 'http://h/missing', 'http://h/refused.pdf']);
  expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'HEAD', 'HEAD']);
  expect([...found.values()]).toEqual([
    { filename: 'a.png', extension: '.png', mimeType: 'image/png', size: 9 },
    { filename: 'missing', extension: '.bin', mimeType: 'application/octet-stream', size: -1 },
    { filename: 'refused.pdf', extension: '.pdf', mimeType: 'application/pdf', size: -1 },
  ]);
  expect(await look([])).toEqual(new Map());
});

it('gives up together when the time is over', async () => {
  let asked = 0;
  const look = createRemoteLook({
    limitMs: 20,
    outbound: {
      request: ({ signal }) => {
        asked += 1;
        return new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new OutboundError('aborted', 'aborted')));
        });
      },
    },
  });
  const urls = Array.from({ length: 50 }, (_, index) => `http://h/${index}.txt`);
  expect((await look(urls)).size).toBe(50);
  expect(asked).toBe(8);
});
