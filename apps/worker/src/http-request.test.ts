import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { NodeRequest, NodeResult, ValueObject } from '@millrace/contracts';
import { createNodeExecutors } from '@millrace/nodes';
import { createOutbound, type OutboundOptions } from '@millrace/outbound';

/** The node over the real client, as this worker composes them, against a server on loopback. */
let server: Server;
let origin: string;
let connections = 0;
let closed = Promise.withResolvers<undefined>();
let arrived = Promise.withResolvers<undefined>();

const mib = 1024 * 1024;
const text = { 'content-type': 'text/plain' };

beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    switch (pathname) {
      case '/echo':
        response.setHeader('set-cookie', ['a=1', 'b=2']);
        request.pipe(response);
        return;
      case '/big':
        response.setHeader('content-length', searchParams.get('bytes') ?? 0);
        response.writeHead(200, text).end('x'.repeat(Number(searchParams.get('bytes'))));
        return;
      case '/bomb':
        response.writeHead(200, { ...text, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(32 * mib)));
        return;
      case '/image':
        response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.alloc(11 * mib));
        return;
      case '/packed':
        response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync(Buffer.from('packed')));
        return;
      case '/latin':
        response.writeHead(200, { 'content-type': 'text/plain; charset=latin1' }).end(Buffer.from([0xe9]));
        return;
      case '/to':
        response.writeHead(302, { location: searchParams.get('url') ?? '' }).end();
        return;
      case '/busy':
        response.writeHead(503, { 'retry-after': '2' }).end();
        return;
      case '/hang':
        request.socket.once('close', () => closed.resolve(undefined));
        arrived.resolve(undefined);
        return;
      case '/drip':
        response.writeHead(200, text).write('a');
        return;
      default:
        response.writeHead(404).end('nothing here');
    }
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  connections = 0;
  closed = Promise.withResolvers();
  arrived = Promise.withResolvers();
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function run(
  data: ValueObject,
  options: OutboundOptions = { allowCidrs: ['127.0.0.0/8'] },
  signal = new AbortController().signal,
): Promise<NodeResult> {
  const outbound = createOutbound(options);
  const models = { invoke: () => Promise.reject(new Error('no model here')) };
  const code = { run: () => Promise.reject(new Error('no code here')) };
  const unused = () => Promise.reject(new Error('no file here'));
  const files: Parameters<typeof createNodeExecutors>[0]['files'] = {
    ...{ open: unused, create: unused },
    createFromResponse: async (_owner, { body }) => {
      await textOf(body);
      return {};
    },
  };
  const executor = createNodeExecutors({ outbound, models, code, files }).get('http-request');
  const request: NodeRequest = {
    ...{ nodeId: 'n', title: 'N', inputs: {}, tenantId: 't', appId: 'a', endUserId: 'u', runId: 'r', executionId: 'e' },
    data: { type: 'http-request', title: 'N', method: 'get', ...data },
    scope: { get: () => undefined },
    signal,
    emitText: () => undefined,
  };
  try {
    if (!executor) throw new Error('no such node');
    return await executor.execute(request);
  } finally {
    await outbound.close();
  }
}

describe('responses', () => {
  it.each<[path: string, outcome: object]>([
    ['/packed', { status: 'succeeded', outputs: { body: 'packed', status_code: 200 } }],
    ['/latin', { status: 'succeeded', outputs: { body: 'é' } }],
    ['/nowhere', { status: 'succeeded', outputs: { body: 'nothing here', status_code: 404 } }],
    [`/big?bytes=${mib}`, { status: 'succeeded' }],
    ['/to?url=%2Flatin', { status: 'succeeded', outputs: { body: 'é' } }],
  ])('%s', async (path, outcome) => {
    expect(await run({ url: origin + path })).toMatchObject(outcome);
  });

  it.each<[path: string, error: RegExp]>([
    [`/big?bytes=${1.5 * mib}`, /^Text size is too large, max size is 1\.00 MB, but current size is 1\.50 MB\.$/],
    [`/big?bytes=${12 * mib}`, /^Text size is too large, max size is 1\.00 MB, but current size is 12\.00 MB\.$/],
    ['/bomb', /^Text size is too large, max size is 1\.00 MB, but current size is 10\.\d\d MB\.$/],
    ['/image', /^File size is too large, max size is 10\.00 MB, but current size is 1\d\.\d\d MB\.$/],
  ])('%s is too large', async (path, error) => {
    const result = await run({ url: origin + path });
    expect(result).toMatchObject({ status: 'failed', errorType: 'ResponseSizeError' });
    expect(result).toHaveProperty('error', expect.stringMatching(error));
  });

  it('joins repeated headers and knows HEAD', async () => {
    const result = await run({ url: `${origin}/echo`, method: 'HEAD' });
    expect(result).toMatchObject({
      status: 'succeeded',
      outputs: { body: '', headers: { 'set-cookie': 'a=1, b=2' } },
    });
  });

  it('sends what it says it sends', async () => {
    const body = { type: 'json', data: [{ type: 'text', key: '', value: "{'a': [1.0, True,],}" }] };
    const result = await run({ url: `${origin}/echo`, method: 'POST', body });
    expect(result).toMatchObject({ outputs: { body: '{"a":[1.0,true]}' } });
    expect(result.processData['request']).toBe(
      `POST /echo HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nContent-Type: application/json\r\n` +
        'Content-Length: 16\r\n\r\n{"a":[1.0,true]}',
    );
  });
});

describe('failures', () => {
  const retrying = { retry_config: { retry_enabled: true, max_retries: 1 } };

  it('a status that counts as failure says when to come back', async () => {
    expect(await run({ url: `${origin}/busy`, ...retrying })).toMatchObject({
      status: 'failed',
      error: 'Request failed with status code 503',
      errorType: 'HTTPResponseCodeError',
      retryAfterMs: 2000,
    });
  });

  it.each<[ValueObject, RegExp]>([
    [{ url: 'http://127.0.0.1:1/' }, /ECONNREFUSED/],
    [{ timeout: { read: 0.05 } }, /^Read timed out$/],
    [{ url: 'http://h.example/', headers: 'X Y: z' }, /^Invalid header name 'X Y'$/],
  ])('%j is told in words', async (data, error) => {
    for (const path of ['/hang', '/drip']) {
      const result = await run({ url: origin + path, ...data });
      expect(result).toMatchObject({ status: 'failed', errorType: 'HttpRequestNodeError' });
      expect(result).toHaveProperty('error', expect.stringMatching(error));
    }
  });

  it('an abort closes the connection at once', async () => {
    const controller = new AbortController();
    const result = run({ url: `${origin}/hang` }, undefined, controller.signal);
    await arrived.promise;
    const reason = new Error('stopped');
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    await closed.promise;
  });
});

describe('the guard', () => {
  it.each([
    ...['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '169.254.169.254'],
    ...['[fe80::1%25eth0]', '[64:ff9b::7f00:1]', '10.0.0.1', '①②⑦.⓪.⓪.①', 'x@127.0.0.1', 'a.localhost', '256.1.1.1'],
  ])('%s is not allowed', async (host) => {
    const result = await run({ url: `http://${host}:${new URL(origin).port}/echo` }, {});
    expect(result).toMatchObject({ status: 'failed', error: expect.stringContaining('is not allowed') as unknown });
    expect(connections).toBe(0);
  });

  it.each(['http://10.0.0.1/', 'http://[::1]/', 'file:///etc/passwd', '//169.254.169.254/', 'gopher://127.0.0.1/'])(
    'a redirect to %s is not allowed',
    async (target) => {
      const result = await run({ url: `${origin}/to?url=${encodeURIComponent(target)}` });
      expect(result).toMatchObject({
        status: 'failed',
        errorType: 'HttpRequestNodeError',
        error: expect.stringContaining('is not allowed') as unknown,
      });
    },
  );
});
