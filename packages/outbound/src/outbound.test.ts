import { createServer as createTlsServer } from 'node:https';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { ResponseSizeError, type OutboundRequest, type StreamedBody } from '@millrace/contracts';
import { createOutbound, type ClosableOutbound, type OutboundOptions } from './outbound.js';
import { certificate, key } from './testing/tls-fixture.js';

const loopback = ['127.0.0.0/8'];
const servers: Server[] = [];
const clients: ClosableOutbound[] = [];

async function serve(listener: (...args: Parameters<RequestListener>) => unknown): Promise<string> {
  const server = createServer((request, response) => void listener(request, response)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(options: OutboundOptions = { allowCidrs: loopback }): ClosableOutbound {
  const outbound = createOutbound(options);
  clients.push(outbound);
  return outbound;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await request.toArray());
}

/** A body of pieces of these lengths. */
const streamed = (lengths: number[]): StreamedBody => ({
  size: lengths.reduce((sum, length) => sum + length, 0),
  async *read() {
    for (const length of lengths) yield new Uint8Array(length);
  },
});

const get = (url: string) => ({ method: 'GET', url, headers: {} });

afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('the guard', () => {
  it('reaches an allowed network', async () => {
    const url = await serve((_, response) => response.setHeader('x-a', ['1', '2']).end('hello'));
    const response = await client().request(get(url));
    expect(Buffer.from(response.body).toString()).toBe('hello');
    expect(response).toMatchObject({ status: 200, statusText: 'OK', url: `${url}/`, headers: { 'x-a': '1, 2' } });
  });

  it('refuses loopback by default, in every spelling, without connecting', async () => {
    let connections = 0;
    const port = new URL(await serve(() => undefined)).port;
    servers[0]?.on('connection', () => (connections += 1));
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '017700000001', '0', '[::ffff:127.0.0.1]', '[::1]']) {
      await expect(client({}).request(get(`http://${host}:${port}/`))).rejects.toThrow(/is not allowed$/);
    }
    expect(connections).toBe(0);
  });

  it('checks what a name resolves to and connects only there', async () => {
    const { port } = new URL(await serve((_, response) => response.end('in')));
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
    const url = `http://internal.example:${port}/`;
    await expect(client({ resolve }).request(get(url))).rejects.toThrow('internal.example (127.0.0.1) is not allowed');
    expect((await client({ resolve, allowCidrs: loopback }).request(get(url))).status).toBe(200);
  });

  it('refuses a name when any of its addresses is refused', async () => {
    const resolve = async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '169.254.169.254', family: 4 },
    ];
    const failure = client({ resolve, allowCidrs: loopback }).request(get('http://mixed.example:1/'));
    await expect(failure).rejects.toMatchObject({ kind: 'not-allowed', message: /169\.254\.169\.254/ });
  });

  it('checks every hop of a redirect', async () => {
    const url = await serve((_, response) => response.writeHead(302, { location: 'http://10.0.0.1/' }).end());
    await expect(client().request(get(url))).rejects.toThrow('10.0.0.1 is not allowed');
    await expect(client().fetch(url)).rejects.toMatchObject({ cause: { message: '10.0.0.1 is not allowed' } });
  });

  it('guards fetch, which streams', async () => {
    const url = await serve((_, response) => {
      response.write('a');
      response.end('b');
    });
    await expect(client({}).fetch(url)).rejects.toMatchObject({ cause: { message: '127.0.0.1 is not allowed' } });
    await expect(client().fetch('data:text/plain,x')).rejects.toThrow(/scheme '\w+:' is not allowed/);
    expect(await (await client().fetch(url)).text()).toBe('ab');
    expect(await (await client().fetch(new Request(url, { method: 'POST', body: 'x' }))).text()).toBe('ab');
  });
});

describe('requests', () => {
  it('follows redirects as httpx does', async () => {
    const url = await serve(async (request, response) => {
      if (request.url === '/loop') return response.writeHead(302, { location: '/loop' }).end();
      if (request.url === '/from') return response.writeHead(302, { location: '/to' }).end('moved');
      response.end(`${request.method} ${request.url} ${(await bodyOf(request)).length}`);
    });
    const post = (path: string) => ({ method: 'post', url: url + path, headers: {}, body: 'body' });
    const response = await client().request(post('/from'));
    expect([Buffer.from(response.body).toString(), response.url]).toEqual(['GET /to 0', `${url}/to`]);
    expect((await client().request({ ...post('/from'), followRedirects: false })).status).toBe(302);
    await expect(client().request(get(`${url}/loop`))).rejects.toMatchObject({ kind: 'too-many-redirects' });
  });

  it('sends text, bytes, large and streamed bodies', async () => {
    const url = await serve(async (request, response) => {
      const body = await bodyOf(request);
      response.end(JSON.stringify([request.headers['content-type'], request.headers['content-length'], body.length]));
    });
    const send = async (body: OutboundRequest['body']) => {
      const wanted = { method: 'POST', url, headers: { 'Content-Type': 'x/y' }, ...(body !== undefined && { body }) };
      const response = await client().request(wanted);
      return JSON.parse(Buffer.from(response.body).toString()) as unknown;
    };
    expect(await send('é')).toEqual(['x/y', '2', 2]);
    expect(await send(new Uint8Array(3))).toEqual(['x/y', '3', 3]);
    expect(await send(new Uint8Array(300_000))).toEqual(['x/y', '300000', 300_000]);
    expect(await send(streamed([200_000, 0, 3]))).toEqual(['x/y', '200003', 200_003]);
    expect(await send(streamed([]))).toEqual(['x/y', '0', 0]);
  });

  it('sends a streamed body again where a redirect leads', async () => {
    const url = await serve(async (request, response) => {
      const { length } = await bodyOf(request);
      if (request.url === '/from') response.writeHead(307, { location: '/to' }).end();
      else response.end(`${request.url} ${length}`);
    });
    const wanted = { method: 'POST', url: `${url}/from`, headers: {}, body: streamed([70_000, 5]) };
    expect(Buffer.from((await client().request(wanted)).body).toString()).toBe('/to 70005');
  });

  it('tells why a streamed body could not be read, and closes what it reads from', async () => {
    const url = await serve((request) => request.resume());
    let closed = false;
    const body = {
      size: 10,
      async *read() {
        try {
          yield new Uint8Array(5);
          throw new Error('the disk is gone');
        } finally {
          closed = true;
        }
      },
    };
    await expect(client().request({ ...get(url), method: 'POST', body })).rejects.toThrow('the disk is gone');
    expect(closed).toBe(true);
  });

  it.each([
    ['me:p%40ss@', 'Basic bWU6cEBzcw=='],
    ['me:100%@', 'Basic bWU6MTAwJQ=='],
  ])('credentials of an address (%s) go into a header, everywhere', async (userInfo, expected) => {
    const url = await serve((request, response) => response.end(request.headers.authorization));
    const address = url.replace('http://', `http://${userInfo}`);
    expect(Buffer.from((await client().request(get(address))).body).toString()).toBe(expected);
    expect(await (await client().fetch(address)).text()).toBe(expected);
    const own = { headers: { authorization: 'Bearer own' } };
    expect(await (await client().fetch(address, own)).text()).toBe('Bearer own');
  });

  it('opens a response without reading it', async () => {
    let closed: Promise<unknown> | undefined;
    const url = await serve((request, response) => {
      closed = once(request.socket, 'close');
      response.writeHead(200, { 'x-a': 'b' }).write('some');
    });
    const opened = await client().open(get(url));
    expect(opened).toMatchObject({ status: 200, headers: { 'x-a': 'b' } });
    for await (const chunk of opened.body) {
      expect(Buffer.from(chunk).toString()).toBe('some');
      break; // whoever has read enough gives the connection up
    }
    await closed;
    (await client().open(get(url))).body.cancel();
    await closed;
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ] as const)('unpacks %s', async (encoding, pack) => {
    const url = await serve((_, response) =>
      response.setHeader('content-encoding', encoding).end(pack(Buffer.from('text'))),
    );
    expect(Buffer.from((await client().request(get(url))).body).toString()).toBe('text');
    expect((await client().request({ ...get(url), method: 'HEAD' })).body.length).toBe(0);
  });

  it('reports a broken encoding', async () => {
    const url = await serve((_, response) => response.setHeader('content-encoding', 'gzip').end('not gzip'));
    await expect(client().request(get(url))).rejects.toMatchObject({ kind: 'decode' });
  });

  it('stops at the size limit: announced, streamed, unpacked', async () => {
    const url = await serve((request, response) => {
      response.setHeader('content-type', 'text/plain');
      if (request.url === '/announced') return response.setHeader('content-length', 5000).end('x'.repeat(5000));
      if (request.url === '/packed')
        return response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(5000)));
      const more = () => response.write('y'.repeat(500), (error) => (error ? undefined : more()));
      more();
    });
    for (const path of ['/announced', '/packed', '/endless']) {
      const failure = client().request({ ...get(url + path), maxResponseBytes: 2000 });
      await expect(failure).rejects.toBeInstanceOf(ResponseSizeError);
      await expect(failure).rejects.toMatchObject({ maxBytes: 2000 });
    }
    await expect(client().request({ ...get(`${url}/announced`), maxResponseBytes: 2000 })).rejects.toMatchObject({
      currentBytes: 5000,
    });
  });

  it('closes the socket when aborted', async () => {
    let closed: Promise<unknown> | undefined;
    const arrived = Promise.withResolvers<ServerResponse>();
    const url = await serve((request, response) => {
      closed = once(request.socket, 'close');
      arrived.resolve(response);
    });
    const controller = new AbortController();
    const failure = client().request({ ...get(url), signal: controller.signal });
    await arrived.promise;
    controller.abort(new Error('stop'));
    await expect(failure).rejects.toMatchObject({ kind: 'aborted' });
    await closed;
  });

  it('tells a read timeout from a refused connection and a bad request', async () => {
    const silent = await serve(() => undefined);
    const hurried = client().request({ ...get(silent), timeouts: { readMs: 20 } });
    await expect(hurried).rejects.toMatchObject({ kind: 'timeout', message: 'Read timed out' });
    const large = { ...get(silent), method: 'POST', body: new Uint8Array(100_000), timeouts: { readMs: 20 } };
    await expect(client().request(large)).rejects.toMatchObject({ kind: 'timeout', message: 'Read timed out' });
    await expect(client().request(get('http://127.0.0.1:1/'))).rejects.toMatchObject({ kind: 'connect' });
  });

  it.each([
    [{ 'x-a': 'line\nbreak' }, "The value of header 'x-a' has characters that can't be sent"],
    [{ 'x-a': 'ключ' }, "The value of header 'x-a' has characters that can't be sent"],
    [{ 'X Y': 'z' }, "Invalid header name 'X Y'"],
    [{ 'x:': 'z' }, "Invalid header name 'x:'"],
  ])('refuses the headers %j', async (headers, message) => {
    const failure = client().request({
      method: 'GET',
      url: 'http://h.example/',
      headers: headers,
    });
    await expect(failure).rejects.toMatchObject({ kind: 'invalid-request', message });
  });

  it('sends credentials of the URL as basic auth and keeps them out of the final URL', async () => {
    const url = await serve((request, response) => response.end(request.headers.authorization));
    const response = await client().request(get(url.replace('http://', 'http://us%20er:pass@')));
    expect(Buffer.from(response.body).toString()).toBe(`Basic ${Buffer.from('us er:pass').toString('base64')}`);
    expect(response.url).toBe(`${url}/`);
  });

  it.each(['GET', 'DELETE', 'PATCH', 'PUT'])('sends a body with %s too', async (method) => {
    const url = await serve(async (request, response) => response.end(await bodyOf(request)));
    const response = await client().request({ ...get(url), method, body: 'body' });
    expect(Buffer.from(response.body).toString()).toBe('body');
  });

  it('sends an empty body with its length', async () => {
    const url = await serve((request, response) => response.end(request.headers['content-length']));
    const response = await client().request({ ...get(url), method: 'POST' });
    expect(Buffer.from(response.body).toString()).toBe('0');
  });

  it('needs no body of a HEAD request, whatever its headers announce', async () => {
    const url = await serve((_, response) =>
      response.writeHead(200, { 'content-length': 5000, 'content-encoding': 'gzip' }).end(),
    );
    const response = await client().request({ ...get(url), method: 'HEAD', maxResponseBytes: 10 });
    expect([response.status, response.body.length]).toEqual([200, 0]);
  });

  it('undoes layers of encodings, and passes over those that nobody knows', async () => {
    const url = await serve((request, response) => {
      const encoding = decodeURIComponent(request.url?.slice(1) ?? '');
      response.setHeader('content-encoding', encoding);
      if (encoding === 'gzip, br') response.end(brotliCompressSync(gzipSync(Buffer.from('text'))));
      else if (encoding === 'zstd') response.end(zstdCompressSync(Buffer.from('text')));
      else response.end('text');
    });
    for (const encoding of ['gzip, br', 'zstd', 'identity', 'aws-chunked', 'utf-8']) {
      const response = await client().request(get(`${url}/${encodeURIComponent(encoding)}`));
      expect([encoding, Buffer.from(response.body).toString()]).toEqual([encoding, 'text']);
    }
    const failure = client().request(get(`${url}/${encodeURIComponent(Array(6).fill('gzip').join())}`));
    await expect(failure).rejects.toMatchObject({ kind: 'decode', message: 'The response is packed 6 times' });
  });

  it('a bomb ends at the limit, not in memory', async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024)));
    const url = await serve((_, response) => response.setHeader('content-encoding', 'gzip, gzip').end(bomb));
    expect(bomb.length).toBeLessThan(2000);
    const failure = client().request({ ...get(url), maxResponseBytes: 1024 * 1024 });
    await expect(failure).rejects.toBeInstanceOf(ResponseSizeError);
    const { currentBytes } = (await failure.catch((error: unknown) => error)) as ResponseSizeError;
    expect(currentBytes).toBeLessThan(1024 * 1024 + 64 * 1024);
  });

  it('a bomb that unfolds between layers, to nothing at the end, is given up', async () => {
    // Stored blocks of no bytes: they pack a thousandfold, and decompress to nothing.
    const nothing = Buffer.alloc(160 * 1024 * 1024 - 2, Buffer.from([0, 0, 0, 0xff, 0xff]));
    const bomb = gzipSync(gzipSync(Buffer.concat([Buffer.from([0x78, 0x9c]), nothing]), { level: 1 }));
    const url = await serve((request, response) => {
      response.setHeader('content-encoding', 'deflate, gzip, gzip').end(bomb);
    });
    expect(bomb.length).toBeLessThan(64 * 1024);
    await expect(client().request(get(url))).rejects.toMatchObject({
      ...{ kind: 'decode', message: 'The response unfolds to too much while it is decompressed' },
    });
    await expect(client().fetch(url)).rejects.toMatchObject({ kind: 'decode' });
  });

  it('fetch, which sets readers no limit, ends at its own', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    const url = await serve((request, response) => {
      const packed = request.url === '/packed';
      if (packed) response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(70 * 1024 * 1024)));
      else Readable.from(Array(70).fill(piece)).pipe(response);
    });
    for (const path of ['', '/packed']) {
      const response = await client().fetch(url + path);
      await expect(response.text()).rejects.toMatchObject({ kind: 'response-size' });
    }
  });

  it('is no success when the body breaks off', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
    });
    await expect(client().request(get(url))).rejects.toMatchObject({ kind: 'connect' });
  });

  it('tells a write that is stuck', async () => {
    const url = await serve((request) => request.pause());
    const stuck = { ...get(url), method: 'POST', body: new Uint8Array(64 * 1024 * 1024), timeouts: { writeMs: 50 } };
    await expect(client().request(stuck)).rejects.toMatchObject({ kind: 'timeout', message: 'Write timed out' });
  });

  it('tells a connection that does not come about in time', async () => {
    const resolve = () => new Promise<never>(() => undefined);
    const failure = client({ resolve }).request({ ...get('http://slow.example/'), timeouts: { connectMs: 30 } });
    await expect(failure).rejects.toMatchObject({ kind: 'timeout', message: 'Connect timed out' });
  });
});

describe('redirects', () => {
  /** Sends `/` on to `to`; elsewhere it answers with the request's headers. */
  async function serveFrom(to: () => string): Promise<string> {
    return serve((request, response) => {
      if (request.url === '/') response.writeHead(307, { location: to() }).end();
      else response.end(JSON.stringify(request.headers));
    });
  }
  const keys = {
    Authorization: 'a',
    Cookie: 'c',
    'X-Api-Key': 'x',
    'x-goog-api-key': 'g',
    'X-Mine': 'm',
    'X-Plain': 'p',
  };

  it('keys stay on their origin, for requests and for fetch', async () => {
    const other = await serveFrom(() => '');
    const url = await serveFrom(() => `${other.replace('http://', 'http://user:pass@')}/there`);
    const confidentialHeaders = ['X-Mine'];
    const response = await client().request({ ...get(url), headers: keys, confidentialHeaders });
    const sent = JSON.parse(Buffer.from(response.body).toString()) as Record<string, string>;
    expect(Object.keys(sent).filter((name) => /^x-|auth|cookie/.test(name))).toEqual(['x-plain']);
    const fetched = (await (await client().fetch(url, { headers: keys })).json()) as Record<string, string>;
    expect(Object.keys(fetched).filter((name) => /^x-|auth|cookie/.test(name))).toEqual(['x-mine', 'x-plain']);
  });

  it('keys go along on the same origin', async () => {
    const url = await serveFrom(() => '/there');
    const response = await client().request({ ...get(url), headers: keys, confidentialHeaders: ['X-Mine'] });
    expect(JSON.parse(Buffer.from(response.body).toString())).toMatchObject({ 'x-mine': 'm', authorization: 'a' });
    const fetched = await client().fetch(url, { method: 'POST', headers: keys, body: 'b' });
    expect(await fetched.json()).toMatchObject({ 'x-mine': 'm', authorization: 'a', 'content-length': '1' });
  });

  it('fetch leaves them alone or fails when asked to, and has an end', async () => {
    const url = await serveFrom(() => '/');
    expect((await client().fetch(url, { redirect: 'manual' })).status).toBe(307);
    await expect(client().fetch(url, { redirect: 'error' })).rejects.toThrow('redirect');
    await expect(client().fetch(url)).rejects.toMatchObject({ kind: 'too-many-redirects' });
  });
});

describe('TLS', () => {
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  let url: string;

  beforeEach(async () => {
    const server = createTlsServer({ cert: certificate, key }, (_, response) => response.end('in')).listen(
      0,
      '127.0.0.1',
    );
    servers.push(server);
    await once(server, 'listening');
    url = `https://tls.example:${(server.address() as AddressInfo).port}/`;
  });

  it('certificates of strangers are refused, unless the request says otherwise', async () => {
    const outbound = client({ allowCidrs: loopback, resolve });
    expect((await outbound.request({ ...get(url), verifyTls: false })).status).toBe(200);
    // The connection that is still open was not checked and serves no other request.
    await expect(outbound.request(get(url))).rejects.toMatchObject({ kind: 'connect', message: /self-signed/ });
    await expect(outbound.fetch(url)).rejects.toThrow();
  });

  it("the operator's certificates are trusted, for their names only", async () => {
    const outbound = client({ allowCidrs: loopback, resolve, ca: certificate });
    expect((await outbound.request(get(url))).status).toBe(200);
    expect(await (await outbound.fetch(url)).text()).toBe('in');
    await expect(outbound.request(get(url.replace('tls.', 'other.')))).rejects.toMatchObject({ message: /altnames/ });
  });

  it.each(['', 'no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])(
    'a CA file of %j is refused at the start',
    (ca) => expect(() => createOutbound({ ca })).toThrow(),
  );
});
