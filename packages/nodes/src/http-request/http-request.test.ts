import {
  OutboundError,
  type NodeRequest,
  type NodeResult,
  type OutboundRequest,
  type Value,
  type ValueObject,
} from '@millrace/contracts';
import { createChecks } from '../checks/checks.js';
import { memoryFiles } from '../testing/memory-files.js';
import { replying, sentForm, type Reply } from '../testing/replies.js';
import { nodeRequest } from '../testing/request.js';
import { createHttpRequestNode } from './http-request.js';
import type { ResponseLimits } from './response.js';

const checks = createChecks();

async function run(
  data: ValueObject,
  reply: Reply = {},
  pool: Record<string, ValueObject> = {},
  secrets: string[] = [],
  responseLimits: Partial<ResponseLimits> = {},
  more: Partial<NodeRequest> = {},
) {
  const sent: OutboundRequest[] = [];
  const files = memoryFiles();
  const node = createHttpRequestNode({ files, outbound: replying(reply, sent), responseLimits, checks });
  const base = { type: 'http-request', title: 'H', method: 'get', url: 'http://h.example/p?own=1' };
  const result: NodeResult = await node.execute({
    ...nodeRequest({ ...base, ...data }, pool, {}, secrets).request,
    ...more,
  });
  return { result, sent, files, request: sent[0], dump: result.processData['request'] as string };
}

const text = (value: string) => [{ type: 'text', key: '', value }];
const post = (type: string, data: ValueObject[string]) => ({ method: 'POST', body: { type, data } });

describe('requests', () => {
  it.each<[string, ValueObject]>([
    ['an address', { url: `http://h.example/${'{{#a.long#}}'.repeat(300)}` }],
    ['a text', post('raw-text', text('{{#a.long#}}'.repeat(300)))],
    ['JSON', post('json', text(`["${'{{#a.long#}}'.repeat(300)}"]`))],
    [
      'the fields of a form together',
      post(
        'form-data',
        Array.from({ length: 300 }, (_, i) => ({ type: 'text', key: `k${i}`, value: '{{#a.long#}}' })),
      ),
    ],
  ])('%s that would insert a long text again and again fails', async (_, data) => {
    const { result, sent } = await run(data, {}, { a: { long: 'x'.repeat(100_000) } });
    expect(result).toMatchObject({
      ...{ status: 'failed', errorType: 'TextSizeError' },
      error: 'The variables insert more than 20971520 characters',
    });
    expect(sent).toEqual([]);
  });

  it('sends a plain GET with the default timeouts', async () => {
    const { result, request, dump } = await run({
      timeout: { connect: 0, read: null, max_read_timeout: 0 },
      headers: null,
      params: '',
    });
    expect(request).toMatchObject({
      method: 'GET',
      url: 'http://h.example/p?own=1',
      headers: {},
      verifyTls: true,
      timeouts: { connectMs: 10_000, readMs: 600_000, writeMs: 600_000 },
    });
    expect(request?.headers).toEqual({});
    expect(dump).toBe('GET /p?own=1 HTTP/1.1\r\nHost: h.example\r\n\r\n');
    expect(result).toMatchObject({
      status: 'succeeded',
      inputs: {},
      outputs: { status_code: 200, body: 'ok', headers: { 'content-type': 'text/plain' }, files: [] },
    });
  });

  it('renders url, headers and params', async () => {
    const data = {
      url: 'http://h.example/{{#a.id#}}?own=1',
      headers: 'X-A: {{#a.two#}}\nX-B\n x-a :last:one',
      params: 'q: {{#a.two#}}\n: skipped\nq:2',
      timeout: { connect: 1, read: '2', write: 3 },
      ssl_verify: false,
    };
    const { request } = await run(data, {}, { a: { id: 7, two: 'l1\nX-C: l2' } });
    expect(request).toMatchObject({
      url: 'http://h.example/7?q=l1%0AX-C%3A+l2&q=2',
      verifyTls: false,
      timeouts: { connectMs: 1000, readMs: 2000, writeMs: 3000 },
    });
    expect(request?.headers).toEqual({ 'x-a': 'last:one', 'X-B': '', 'X-C': 'l2' });
  });

  it.each(['get', 'HEAD', 'Post', 'put', 'DELETE', 'patch'])('knows the method %s', async (method) => {
    expect((await run({ method })).request?.method).toBe(method.toUpperCase());
  });

  it.each<[text: string, headers: Record<string, string>]>([
    ['A: 1\r\nB:2\rC : 3 ', { A: '1', B: '2', C: '3' }],
    ['A: 1\vB: 2\fC: 3\x1cD: 4\x85E: 5\u2028F: 6', { A: '1', B: '2', C: '3', D: '4', E: '5', F: '6' }],
    ['A: http://x:1/', { A: 'http://x:1/' }],
    ['A\n\n   \nB:', { A: '', B: '' }],
    ['A: 1\na: 2', { a: '2' }],
    ['A: {{#a.t#}}', { A: '1', B: '2' }],
    ['{{#a.all#}}', { X: 'y' }],
    [': no name', {}],
  ])('reads the headers %j', async (headers, sent) => {
    expect((await run({ headers }, {}, { a: { t: '1\nB: 2', all: 'X: y' } })).request?.headers).toEqual(sent);
  });

  it.each<[params: string, query: string]>([
    ['a: 1\na: 2\nb', '?a=1&a=2&b='],
    ['a: {{#a.t#}}', '?a=1%0AB%3A+2'],
    ['{{#a.k#}}: {{#a.k#}}', '?x+y=x+y'],
    [': skipped\n\n', '?own=1'],
    ['', '?own=1'],
    ['a: *~-._é&=', '?a=%2A~-._%C3%A9%26%3D'],
    ['url: http://x/?y=z', '?url=http%3A%2F%2Fx%2F%3Fy%3Dz'],
  ])('reads the params %j', async (params, query) => {
    const { request } = await run({ params }, {}, { a: { t: '1\nB: 2', k: 'x y' } });
    expect(new URL(request?.url ?? '').search).toBe(query);
  });

  it.each<[ValueObject | null, [number, number, number]]>([
    [null, [10_000, 600_000, 600_000]],
    [{ max_connect_timeout: 3 }, [10_000, 600_000, 600_000]],
    [{ connect: 0, read: 0, write: 0 }, [10_000, 600_000, 600_000]],
    [{ connect: 1.5, read: '20' }, [1500, 20_000, 600_000]],
    [{ write: 1e12 }, [10_000, 600_000, 86_400_000]],
  ])('the timeouts %j are %j ms', async (timeout, [connectMs, readMs, writeMs]) => {
    expect((await run({ timeout })).request?.timeouts).toEqual({ connectMs, readMs, writeMs });
  });

  it.each<[Value, boolean]>([
    [true, true],
    [null, true],
    [false, false],
    ['false', false],
  ])('ssl_verify %p', async (ssl_verify, verifyTls) => {
    expect((await run({ ssl_verify })).request?.verifyTls).toBe(verifyTls);
  });

  it('masks secret variables wherever they stand, and keeps them on their origin', async () => {
    const secret = 'top secret&key';
    const data = {
      ...post('json', text('{"key": "{{#env.KEY#}}"}')),
      headers: 'X-Mine: a {{#env.KEY#}}\nX-Other: b',
      params: 'k: {{#env.KEY#}}',
    };
    const { dump, request, result } = await run(data, {}, { env: { KEY: secret } }, [secret]);
    const masked = `top se${'*'.repeat(12)}ey`;
    expect(dump).toBe(
      `POST /p?k=${masked} HTTP/1.1\r\nHost: h.example\r\nX-Mine: a ${masked}\r\nX-Other: b\r\n` +
        `Content-Type: application/json\r\nContent-Length: 24\r\n\r\n{"key":"${masked}"}`,
    );
    expect(JSON.stringify(result)).not.toContain(secret);
    expect(request).toMatchObject({ body: `{"key":"${secret}"}`, confidentialHeaders: ['X-Mine'] });
  });

  it('masks secret variables in messages', async () => {
    const { result } = await run(post('json', text('no {{#env.KEY#}}')), {}, { env: { KEY: 'hidden' } }, ['hidden']);
    expect(result).toMatchObject({ error: `Failed to parse JSON: no ${'*'.repeat(20)}` });
  });

  it.each<[ValueObject, string, string]>([
    [{ type: 'bearer', api_key: '{{#a.key#}}' }, 'Authorization', 'Bearer k:1'],
    [{ type: 'basic', api_key: '{{#a.key#}}' }, 'Authorization', `Basic ${Buffer.from('k:1').toString('base64')}`],
    [{ type: 'basic', api_key: 'encoded' }, 'Authorization', 'Basic encoded'],
    [{ type: 'basic', api_key: 'u:p ' }, 'Authorization', 'Basic dTpwIA=='],
    [{ type: 'bearer', api_key: 'k\n', header: '' }, 'Authorization', 'Bearer k'],
    [{ type: 'bearer', api_key: 'k', header: 'X-Key' }, 'X-Key', 'Bearer k'],
    [{ type: 'custom', api_key: 'raw', header: 'X-Key' }, 'X-Key', 'raw'],
    [{ type: 'custom', api_key: 'raw', header: null }, 'Authorization', 'raw'],
  ])('authorizes with %j and masks it in the dump', async (config, header, value) => {
    const data = { authorization: { type: 'api-key', config }, headers: `${header.toLowerCase()}: mine` };
    const { request, dump } = await run(data, {}, { a: { key: 'k:1' } });
    expect(request?.headers).toEqual({ [header]: value });
    expect(request?.confidentialHeaders).toEqual([header]);
    expect(dump).toContain(`${header}: ${'*'.repeat(value.length)}\r\n`);
    expect(dump).not.toContain(value);
  });

  it.each<[string, ValueObject[string], string, string]>([
    ['raw-text', text('v {{#a.v#}}'), 'v 1.5', 'text/plain'],
    ['json', text('{"a": {{#a.v#}}, "b": 1.0}'), '{"a":1.5,"b":1.0}', 'application/json'],
    ['json', text("{a: 'x', 'b': [1,2,],}"), '{"a":"x","b":[1,2]}', 'application/json'],
    ['json', '{"old": true}', '{"old":true}', 'application/json'],
    [
      'x-www-form-urlencoded',
      [
        { type: 'text', key: 'k', value: '1' },
        { type: 'text', key: 'k', value: 'a b&{{#a.v#}}' },
      ],
      'k=a+b%261.5',
      'application/x-www-form-urlencoded',
    ],
  ])('sends a %s body', async (type, data, body, contentType) => {
    const { request, dump } = await run(post(type, data), {}, { a: { v: 1.5 } });
    expect(request).toMatchObject({
      method: 'POST',
      body,
      headers: { 'Content-Type': contentType, 'idempotency-key': 'exec-1' },
    });
    expect(dump.endsWith(`Content-Length: ${body.length}\r\n\r\n${body}`)).toBe(true);
    const own = await run(
      { ...post(type, data), headers: 'content-type: x/y\nIdempotency-Key: mine' },
      {},
      { a: { v: 1.5 } },
    );
    expect(own.request?.headers).toEqual({ 'content-type': 'x/y', 'Idempotency-Key': 'mine' });
  });

  it('sends forms as multipart', async () => {
    const items = [
      { type: 'text', key: 'k', value: '{{#a.v#}}' },
      { type: 'file', key: 'f', file: ['a', 'nope'] },
    ];
    const { request } = await run({ ...post('form-data', items), headers: 'Content-Type: x/y' }, {}, { a: { v: 'é' } });
    const form = await sentForm(request!);
    expect(form.get('k')).toBe('é');
    expect([...form.keys()]).toEqual(['k', '__multipart_placeholder__']);
    expect(request?.headers).toEqual({
      'idempotency-key': 'exec-1',
      'Content-Type': expect.stringMatching(/^multipart\/form-data; boundary=/) as unknown,
    });
  });

  it.each<[ValueObject, string, string]>([
    [{ url: '' }, 'url is required', 'InvalidURLError'],
    [{ url: 'ftp://x' }, 'url should start with http:// or https://', 'InvalidURLError'],
    [{ url: 'http://' }, "'http://' is not a valid URL and is not allowed", 'InvalidURLError'],
    [{ url: 'http://ada:pw@h x/y@z' }, "'http://h x/y@z' is not a valid URL and is not allowed", 'InvalidURLError'],
    [{ url: 'HTTP://h.example' }, 'url should start with http:// or https://', 'InvalidURLError'],
    [{ url: ' http://h.example' }, 'url should start with http:// or https://', 'InvalidURLError'],
    [{ url: '{{#a.gone#}}' }, 'url should start with http:// or https://', 'InvalidURLError'],
    [
      { url: 'http://[fe80::1%25eth0]/' },
      "'http://[fe80::1%25eth0]/' is not a valid URL and is not allowed",
      'InvalidURLError',
    ],
    [{ method: 'options' }, 'Invalid http method options', 'InvalidHttpMethodError'],
    [{ method: 'options', url: '' }, 'url is required', 'InvalidURLError'],
    [{ method: 'OPTIONS' }, 'Invalid http method OPTIONS', 'InvalidHttpMethodError'],
    [
      { authorization: { type: 'api-key', config: null } },
      'authorization config is required',
      'AuthorizationConfigError',
    ],
    [
      { authorization: { type: 'api-key', config: { type: 'bearer', api_key: ' ' } } },
      'API key is required for authorization but was empty. Please provide a valid API key.',
      'AuthorizationConfigError',
    ],
    [post('raw-text', []), 'raw-text body type should have exactly one item', 'RequestBodyError'],
    [post('json', [...text('1'), ...text('2')]), 'json body type should have exactly one item', 'RequestBodyError'],
    [post('json', []), 'json body type should have exactly one item', 'RequestBodyError'],
    [post('json', text('no {{#a.nope#}}')), 'Failed to parse JSON: no a.nope', 'RequestBodyError'],
    [
      post('binary', [{ type: 'file', file: ['a', 'f'] }]),
      "cannot fetch file with selector ['a', 'f']",
      'FileFetchError',
    ],
  ])('%j fails before anything is sent', async (data, error, errorType) => {
    const { result, sent } = await run(data, {}, { a: { v: 1 } });
    expect(result).toMatchObject({ status: 'failed', error, errorType });
    expect(sent).toEqual([]);
  });
});

it('shows a request whose method is not known', async () => {
  const { dump } = await run({ method: 'options', headers: 'X-A: 1' });
  expect(dump).toBe('OPTIONS /p?own=1 HTTP/1.1\r\nHost: h.example\r\nX-A: 1\r\n\r\n');
});

describe('responses', () => {
  const failing = { status: 503, headers: { 'retry-after': '3' } };

  it('counts any status as success, unless there is a strategy or retry', async () => {
    expect((await run({}, failing)).result).toMatchObject({ status: 'succeeded', outputs: { status_code: 503 } });
    for (const data of [
      { error_strategy: 'none' },
      { error_strategy: null },
      { retry_config: { retry_enabled: false } },
    ]) {
      expect((await run(data, failing)).result.status).toBe('succeeded');
    }
    for (const data of [
      { error_strategy: 'fail-branch' },
      { error_strategy: 'default-value' },
      { retry_config: { retry_enabled: true } },
    ]) {
      expect((await run(data, failing)).result).toMatchObject({
        status: 'failed',
        error: 'Request failed with status code 503',
        errorType: 'HTTPResponseCodeError',
        retryAfterMs: 3000,
        processData: { request: expect.stringContaining('GET /p') as unknown },
      });
    }
  });

  it.each<[string, Record<string, string>, string, boolean]>([
    ['text', { 'content-type': 'text/html; charset=utf-8' }, 'x', false],
    ['octets', { 'content-type': 'application/octet-stream' }, 'abc', true],
    ['empty file', { 'content-type': 'image/png' }, '', false],
  ])('%s', async (_, headers, body, isFile) => {
    const { result } = await run({}, { headers, body: Buffer.from(body, 'latin1') });
    if (isFile)
      expect(result).toMatchObject({
        status: 'succeeded',
        outputs: { body: '', files: [{ related_id: 'http://h.example/p?own=1' }] },
      });
    else expect(result).toMatchObject({ status: 'succeeded', outputs: { body, files: [] } });
  });

  it('decodes the charset it is told', async () => {
    const headers = { 'content-type': 'text/plain; charset="iso-8859-1"' };
    expect((await run({}, { headers, body: Buffer.from([0xe9]) })).result).toMatchObject({ outputs: { body: 'é' } });
  });

  it('limits text to 1 MB and files to 10 MB', async () => {
    const big = await run({}, { body: Buffer.alloc(1.5 * 1024 * 1024) });
    expect(big.result).toMatchObject({
      status: 'failed',
      errorType: 'ResponseSizeError',
      error: 'Text size is too large, max size is 1.00 MB, but current size is 1.50 MB.',
    });
    const headers = { 'content-type': 'image/png' };
    const announced = { ...headers, 'content-length': String(12 * 1024 * 1024) };
    for (const [reply, size] of [
      [{ headers, body: Buffer.alloc(10.5 * 1024 * 1024) }, /10\.\d\d/],
      [{ headers: announced, body: Buffer.alloc(2000) }, /12\.00/],
    ] as const) {
      const { result, files } = await run({}, reply);
      expect(result).toMatchObject({
        errorType: 'ResponseSizeError',
        error: expect.stringMatching(
          /^File size is too large, max size is 10\.00 MB, but current size is 1\d\.\d\d/,
        ) as unknown,
      });
      expect((result as { error: string }).error).toMatch(size);
      expect(files.made).toEqual([]);
    }
  });

  it.each<[Partial<ResponseLimits>, type: string, bytes: number, error: string | undefined]>([
    [{ maxTextBytes: 4096 }, 'text/plain', 4096, undefined],
    [
      { maxTextBytes: 4096 },
      'text/plain',
      4097,
      'Text size is too large, max size is 0.00 MB, but current size is 4.00 KB.',
    ],
    [{ maxTextBytes: 100 }, 'text/plain', 1000, 'but current size is 1000 bytes.'],
    [{ maxTextBytes: 12 * 1024 ** 2 }, 'text/plain', 11.5 * 1024 ** 2, undefined],
    [{ maxTextBytes: 12 * 1024 ** 2 }, 'image/png', 11.5 * 1024 ** 2, 'File size is too large, max size is 10.00 MB'],
    [{ maxFileBytes: 1000 }, 'image/png', 1000, undefined],
    [{ maxFileBytes: 1000 }, 'image/png', 1001, 'File size is too large'],
    [{ maxFileBytes: 1000 }, 'text/plain', 5000, undefined],
  ])('with the limits %j %s of %d bytes: %s', async (limits, type, bytes, error) => {
    const { result } = await run(
      {},
      { headers: { 'content-type': type }, body: Buffer.alloc(bytes, 'abc') },
      {},
      [],
      limits,
    );
    if (error === undefined) expect(result.status).toBe('succeeded');
    else
      expect(result).toMatchObject({
        errorType: 'ResponseSizeError',
        error: expect.stringContaining(error) as unknown,
      });
  });

  it('stores a file as it is', async () => {
    const body = Buffer.alloc(10 * 1024 * 1024, 'abc');
    const { files } = await run({}, { headers: { 'content-type': 'image/png' }, body });
    expect(files.contents[0]?.equals(body)).toBe(true);
  });

  it('stores no file of a failure', async () => {
    const headers = { 'content-type': 'image/png' };
    const { result, files } = await run({ error_strategy: 'fail-branch' }, { headers, status: 500 });
    expect(result).toMatchObject({ status: 'failed', errorType: 'HTTPResponseCodeError' });
    expect(files.made).toEqual([]);
  });

  it('masks secrets in what kept the request from being made', async () => {
    const refused = new OutboundError('not-allowed', 'hush-hush.example (10.0.0.1) is not allowed');
    const { result } = await run({}, refused, {}, ['hush-hush']);
    expect(result).toMatchObject({ status: 'failed', errorType: 'HttpRequestNodeError' });
    expect(JSON.stringify(result)).not.toContain('hush-hush');
  });

  it.each<[string, Error, string]>([
    ['a refused connection', new OutboundError('connect', 'refused'), 'Reached maximum retries for URL {url}'],
    ['a timeout', new OutboundError('timeout', 'Read timed out'), 'Reached maximum retries for URL {url}'],
    ['a refused address', new OutboundError('not-allowed', 'no way'), 'no way'],
    ['too many redirects', new OutboundError('too-many-redirects', 'Exceeded'), 'Exceeded'],
  ])('when the last retry of the node meets %s it says so', async (_, problem, told) => {
    const data = { url: 'http://ada:pw@h.example/{{#a.id#}}?k={{#env.KEY#}}', params: 'q: {{#env.KEY#}}' };
    const pool = { a: { id: '7' }, env: { KEY: 'hush-hush' } };
    const last = await run(data, problem, pool, ['hush-hush'], {}, { isLastRetry: true });
    expect(last.result).toMatchObject({
      ...{ status: 'failed', errorType: 'HttpRequestNodeError' },
      error: told.replace('{url}', `http://h.example/7?k=hush-h${'*'.repeat(12)}sh`),
    });
    const before = await run(data, problem, pool, ['hush-hush']);
    expect(before.result).toMatchObject({ error: problem.message, errorType: 'HttpRequestNodeError' });
  });

  it('reports what kept the request from being made', async () => {
    const refused = new OutboundError('not-allowed', 'internal (10.0.0.1) is not allowed');
    expect((await run({}, refused)).result).toMatchObject({
      status: 'failed',
      error: 'internal (10.0.0.1) is not allowed',
      errorType: 'HttpRequestNodeError',
    });
    await expect(run({}, new Error('a bug of ours'))).rejects.toThrow('a bug of ours');
  });
});
