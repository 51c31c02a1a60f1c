import { decodeText, isFileResponse, retryAfterMs } from './response.js';

describe('isFileResponse', () => {
  it.each<[type: string, disposition: string, body: string, isFile: boolean]>([
    ['', '', 'x', false],
    ['', 'attachment', 'x', true],
    ['text/plain', 'ATTACHMENT; filename=a.txt', 'x', true],
    ['text/plain', "inline; filename*=UTF-8''a", 'x', true],
    ['text/plain', 'inline', 'x', false],
    ['text/html; charset=utf-8', '', '\0', false],
    ['text/csv', '', 'a,b', false],
    ['application/json', '', 'x', false],
    ['application/ld+json', '', 'x', false],
    ['application/xml', '', 'x', false],
    ['application/javascript', '', 'x', false],
    ['application/x-www-form-urlencoded', '', 'x', false],
    ['application/yaml', '', 'x', false],
    ['application/graphql', '', 'x', false],
    ['application/octet-stream', '', '{"a":1}', false],
    ['application/octet-stream', '', 'var x', false],
    ['application/octet-stream', '', 'plain words', true],
    ['application/octet-stream', '', '\xff{', true],
    ['application/octet-stream', '', `${'x'.repeat(1024)}{`, true],
    ['application/octet-stream', '', `{${'x'.repeat(1022)}é`, false],
    ['application/pdf', '', '%PDF \xff', true],
    ['application/zip', '', 'PK\x03\x04', true],
    ['application/x-nobody-registered', '', '\xff', false],
    ['image/png', '', 'x', true],
    ['image/svg+xml', '', '<svg>', true],
    ['audio/mpeg', '', 'x', true],
    ['video/mp4', '', 'x', true],
    ['font/woff', '', 'x', false],
    ['IMAGE/PNG', '', 'x', true],
  ])('%j with %j', (type, disposition, body, isFile) => {
    const headers = {
      ...(type && { 'content-type': type }),
      ...(disposition && { 'content-disposition': disposition }),
    };
    const encoding = body.includes('é') ? 'utf8' : 'latin1';
    expect(isFileResponse(headers, Buffer.from(body, encoding))).toBe(isFile);
  });
});

describe('decodeText', () => {
  it.each<[type: string, bytes: number[] | string, text: string]>([
    ['text/plain', 'é', 'é'],
    ['text/plain; charset=ISO-8859-1', [0xe9], 'é'],
    ['text/plain; charset="windows-1252"', [0x80], '€'],
    ["text/plain; charset='utf-8'", 'é', 'é'],
    ['text/html; charset=gb2312', [0xc4, 0xe3, 0xba, 0xc3], '你好'],
    ['text/html; charset=Shift_JIS', [0x93, 0xfa, 0x96, 0x7b], '日本'],
    ['text/html; charset=EUC-KR', [0xc7, 0xd1], '한'],
    ['text/plain; charset=koi8-r', [0xc4, 0xc1], 'да'],
    ['text/plain; charset=utf-16', [0xff, 0xfe, 0x41, 0], 'A'],
    ['text/plain; charset=nonsense', 'é', 'é'],
    ['text/plain', [0xfe, 0xff, 0, 0x41], 'A'],
    ['text/plain', [0xef, 0xbb, 0xbf, 0x41], '\ufeffA'],
    ['text/plain', [0x41, 0xff], 'A\ufffd'],
    ['', [0x41], 'A'],
  ])('%s %j', (type, bytes, text) => {
    const body = typeof bytes === 'string' ? Buffer.from(bytes) : Uint8Array.from(bytes);
    expect(decodeText({ 'content-type': type }, body)).toBe(text);
  });

  it('believes the declaration of a page that is not UTF-8', () => {
    const page = Buffer.concat([Buffer.from('<meta charset="gbk">'), Buffer.from([0xc4, 0xe3])]);
    expect(decodeText({}, page)).toBe('<meta charset="gbk">你');
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each<[status: number, header: string | undefined, wait: number | undefined]>([
    [429, '3', 3000],
    [503, '0', 0],
    [503, ' 2 ', 2000],
    [503, 'Thu, 01 Jan 2026 00:00:05 GMT', 5000],
    [503, 'Wed, 31 Dec 2025 00:00:00 GMT', 0],
    [429, '86400', 60_000],
    [429, '-1', undefined],
    [429, 'soon', undefined],
    [429, '', undefined],
    [429, undefined, undefined],
    [500, '3', undefined],
    [301, '3', undefined],
  ])('%i with %j waits %p', (status, header, wait) => {
    expect(retryAfterMs(status, header === undefined ? {} : { 'retry-after': header }, now)).toBe(wait);
  });
});
