import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOutbound, type ClosableOutbound, type OutboundOptions } from './outbound.js';
import { insideHosts } from './testing/inside-hosts.js';

/** Counts connections on loopback, where the spellings below would arrive if the guard let them pass. */
let target: Server;
/** Beside it on the same port of 127.0.0.2, the only address that tests of redirects open: sends on to `?to=`. */
let starter: Server;
let port: number;
let connections = 0;
const clients: ClosableOutbound[] = [];

async function listen(server: Server, on: number, host: string): Promise<number> {
  server.listen(on, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  target = createServer((_, response) => response.end('reached'));
  target.on('connection', () => (connections += 1));
  port = await listen(target, 0, '127.0.0.1');
  starter = createServer((request, response) => {
    const location = new URL(request.url ?? '/', 'http://x').searchParams.get('to') ?? '/';
    // As servers do: the bytes of UTF-8.
    response.writeHead(302, { location: Buffer.from(location).toString('latin1') }).end();
  });
  await listen(starter, port, '127.0.0.2');
});

beforeEach(() => (connections = 0));

afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.close()));
});

afterAll(() => {
  for (const server of [target, starter]) {
    server.closeAllConnections();
    server.close();
  }
});

function client(options: OutboundOptions = {}): ClosableOutbound {
  const outbound = createOutbound(options);
  clients.push(outbound);
  return outbound;
}

/** The messages of an error and its causes. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'nothing was refused';
  } catch (error) {
    const messages: string[] = [];
    for (let each: unknown = error; each instanceof Error; each = each.cause) messages.push(each.message);
    return messages.join(': ');
  }
}

const redirectTo = (url: string) => `http://127.0.0.2:${port}/?to=${encodeURIComponent(url)}`;

const get = (url: string) => ({ method: 'GET', url, headers: {} });

describe('literal addresses', () => {
  it.each(insideHosts)('%s is refused without a connection, everywhere', async (host) => {
    const url = `http://${host}:${port}/`;
    const outbound = client();
    expect(await refusal(outbound.request(get(url)))).toContain('is not allowed');
    expect(await refusal(outbound.fetch(url))).toContain('is not allowed');
    expect(await refusal(outbound.request(get(url.replace('http:', 'https:'))))).toContain('is not allowed');
    expect(connections).toBe(0);
  });

  it.each(insideHosts)('a redirect to %s is refused', async (host) => {
    const url = redirectTo(`http://${host}:${port}/`);
    // Whoever reads those bytes as Latin text gets names, which nobody here knows.
    const resolve = () => Promise.reject(new Error('an unknown name is not allowed'));
    const outbound = client({ allowCidrs: ['127.0.0.2'], resolve });
    expect(await refusal(outbound.request(get(url)))).toContain('is not allowed');
    expect(await refusal(outbound.fetch(url))).toContain('is not allowed');
    expect(connections).toBe(0);
  });

  it.each([`127.0.0.1:${port}@127.0.0.1`, 'public.example@127.0.0.1', 'public.example%00@127.0.0.1', 'a:b@[::1]'])(
    'user information hides nothing: %s',
    async (authority) => {
      expect(await refusal(client().request(get(`http://${authority}:${port}/`)))).toContain('is not allowed');
      expect(connections).toBe(0);
    },
  );

  it.each(['\\', '#@', '?@', '/\\'])(
    'the host ends where the parser says, not where a reader thinks: %j',
    async (trick) => {
      const url = `http://127.0.0.1:${port}${trick}public.example/`;
      expect(await refusal(client().request(get(url)))).toContain('is not allowed');
      expect(connections).toBe(0);
    },
  );

  it.each([
    ...['file:///etc/passwd', 'data:text/plain,x', 'gopher://127.0.0.1/_x', 'ftp://127.0.0.1/', 'dict://127.0.0.1:1/'],
    ...[
      'unix:/var/run/docker.sock',
      'http+unix://%2Fvar%2Frun%2Fdocker.sock/x',
      'ws://127.0.0.1/',
      'blob:http://127.0.0.1/x',
    ],
    ...['ldap://127.0.0.1/', 'jar:http://127.0.0.1!/', 'about:blank', 'javascript:1', 'node:fs'],
  ])('%s is refused, also as the target of a redirect', async (url) => {
    const outbound = client({ allowCidrs: ['127.0.0.2'] });
    for (const each of [url, redirectTo(url)]) {
      expect(await refusal(outbound.request(get(each)))).toContain('is not allowed');
      expect(await refusal(outbound.fetch(each))).toContain('is not allowed');
    }
    expect(connections).toBe(0);
  });

  it.each([
    'http://[fe80::1%25eth0]/',
    'http://[::1%25lo]/',
    'http://[fe80::1%eth0]/',
    'http://256.0.0.1/',
    'http://1.2.3.4.5/',
  ])('%s is no address at all', async (url) => {
    expect(await refusal(client().request(get(url)))).toContain('is not a valid URL and is not allowed');
  });
});

describe('names', () => {
  const to =
    (...addresses: string[]) =>
    async () =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

  it.each([
    ['127.0.0.1'],
    ['10.1.2.3'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['fe80::1%eth0'],
    ['64:ff9b::7f00:1'],
    ['8.8.8.8', '127.0.0.1'],
    ['2606:4700::1111', '::1'],
    ['0.0.0.0'],
  ])('a name of %s and %s is refused', async (...addresses) => {
    const outbound = client({ resolve: to(...addresses) });
    const url = `http://inside.example:${port}/`;
    expect(await refusal(outbound.request(get(url)))).toMatch(/inside\.example \(.+\) is not allowed/);
    expect(await refusal(outbound.fetch(url))).toMatch(/inside\.example \(.+\) is not allowed/);
    expect(connections).toBe(0);
  });

  it.each(['localhost', 'localhost.', 'a.b.localhost', 'LOCALHOST', 'ｌｏｃａｌｈｏｓｔ'])(
    'the system knows %s as inside',
    async (host) => {
      const outbound = client();
      expect(await refusal(outbound.request(get(`http://${host}:${port}/`)))).toContain('is not allowed');
      expect(connections).toBe(0);
    },
  );

  it('G1: a second answer of the name server is never asked for', async () => {
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '127.0.0.3' : '127.0.0.1', family: 4 }];
    };
    // The first answer is allowed but nobody listens there; the second would reach the target.
    const outbound = client({ allowCidrs: ['127.0.0.3'], resolve });
    expect(await refusal(outbound.request(get(`http://rebind.example:${port}/`)))).toContain('ECONNREFUSED');
    expect([asked, connections]).toEqual([1, 0]);
    expect(await refusal(outbound.request(get(`http://rebind.example:${port}/`)))).toContain('is not allowed');
    expect(connections).toBe(0);
  });

  it('a redirect to a name that points inside is refused', async () => {
    const outbound = client({ allowCidrs: ['127.0.0.2'], resolve: to('127.0.0.1') });
    const url = redirectTo(`http://inside.example:${port}/`);
    expect(await refusal(outbound.request(get(url)))).toContain('inside.example (127.0.0.1) is not allowed');
    expect(await refusal(outbound.fetch(url))).toContain('inside.example (127.0.0.1) is not allowed');
    expect(connections).toBe(0);
  });

  it('a connection that is kept does not serve another origin', async () => {
    const resolve = async (host: string) => [
      { address: host === 'open.example' ? '127.0.0.1' : '10.0.0.1', family: 4 },
    ];
    const outbound = client({ allowCidrs: ['127.0.0.1'], resolve });
    expect((await outbound.request(get(`http://open.example:${port}/`))).status).toBe(200);
    const disguised = { ...get(`http://shut.example:${port}/`), headers: { Host: `open.example:${port}` } };
    expect(await refusal(outbound.request(disguised))).toContain('shut.example (10.0.0.1) is not allowed');
    expect(connections).toBe(1);
  });
});

describe('what the operator opens', () => {
  it.each([
    [['127.0.0.1/32'], '127.0.0.1', true],
    [['127.0.0.0/8'], '127.0.0.1', true],
    [['127.0.0.0/8'], '[::ffff:127.0.0.1]', true],
    [['127.0.0.2/32'], '127.0.0.1', false],
    [['10.0.0.0/8'], '127.0.0.1', false],
    [['::1/128'], '127.0.0.1', false],
    [['127.0.0.0/8'], '[::1]', false],
    [['127.0.0.0/8'], '0.0.0.0', false],
    [['127.0.0.0/8'], '169.254.169.254', false],
    [['127.0.0.0/8'], '[64:ff9b::7f00:1]', false],
  ])('%j and http://%s: %s', async (allowCidrs, host, opens) => {
    const outcome = await refusal(client({ allowCidrs }).request(get(`http://${host}:${port}/`)));
    if (opens) expect([outcome, connections]).toEqual(['nothing was refused', 1]);
    else expect([outcome, connections]).toEqual([expect.stringContaining('is not allowed'), 0]);
  });

  it('localhost means the loopback address that is open', async () => {
    const resolve = async () => [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    const outbound = client({ allowCidrs: ['127.0.0.0/8'], resolve });
    expect((await outbound.request(get(`http://localhost:${port}/`))).status).toBe(200);
    const trap = async () => [...(await resolve()), { address: '10.0.0.1', family: 4 }];
    const other = client({ allowCidrs: ['127.0.0.0/8'], resolve: trap });
    expect(await refusal(other.request(get(`http://localhost:${port}/`)))).toContain('10.0.0.1) is not allowed');
  });
});
