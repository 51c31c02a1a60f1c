import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { createOutbound, type ClosableOutbound, type OutboundOptions } from './outbound.js';

/** A proxy that sends every tunnel to the target on loopback, whatever was asked for, and notes what that was. */
let proxy: Server;
let target: Server;
let asked: { path: string; authorization: string | undefined }[] = [];
const silence = 'silence';
let answer = 'HTTP/1.1 200 OK\r\n\r\n';
const clients: ClosableOutbound[] = [];

const portOf = (server: Server) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  target = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`));
  target.listen(0, '127.0.0.1');
  proxy = createServer();
  proxy.on('connect', (request, client) => {
    asked.push({ path: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    if (answer === silence) return;
    client.write(answer);
    if (!answer.includes(' 200 ')) return client.end();
    const upstream = connect(portOf(target), '127.0.0.1');
    upstream.pipe(client).pipe(upstream);
    client.on('error', () => upstream.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await Promise.all([once(target, 'listening'), once(proxy, 'listening')]);
});

beforeEach(() => {
  asked = [];
  answer = 'HTTP/1.1 200 OK\r\n\r\n';
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.close()));
});

afterAll(() => {
  for (const server of [proxy, target]) {
    server.closeAllConnections();
    server.close();
  }
});

function client(options: OutboundOptions & { user?: string } = {}): ClosableOutbound {
  const url = `http://${options.user ?? ''}127.0.0.1:${portOf(proxy)}`;
  const outbound = createOutbound({ ...options, proxies: { http: url, https: url, ...options.proxies } });
  clients.push(outbound);
  return outbound;
}

const get = (url: string) => ({ method: 'GET', url, headers: {} });
const resolve = async () => [{ address: '8.8.8.8', family: 4 }];

describe('a proxy', () => {
  it('is told the address that was judged, and the target the name', async () => {
    const outbound = client({ resolve, user: 'us%20er:pass@' });
    const response = await outbound.request(get('http://public.example:81/x'));
    expect(Buffer.from(response.body).toString()).toBe('public.example:81 /x');
    expect(await (await outbound.fetch('http://public.example:81/y')).text()).toBe('public.example:81 /y');
    const authorization = `Basic ${Buffer.from('us er:pass').toString('base64')}`;
    expect(asked.length).toBeGreaterThan(0);
    for (const each of asked) expect(each).toEqual({ path: '8.8.8.8:81', authorization });
  });

  it.each(['http://10.0.0.1/', 'https://169.254.169.254/', 'http://[fd00::1]/', 'http://[64:ff9b::a00:1]/'])(
    'is never asked for %s, not even when it guards itself',
    async (url) => {
      for (const guards of [false, true]) {
        const outbound = client({ proxies: { guards } });
        await expect(outbound.request(get(url))).rejects.toThrow('is not allowed');
        await expect(outbound.fetch(url)).rejects.toMatchObject({ cause: { message: /is not allowed/ } });
      }
      expect(asked).toEqual([]);
    },
  );

  it('is never asked for a name that points inside', async () => {
    const outbound = client({ resolve: async () => [{ address: '10.0.0.1', family: 4 }] });
    await expect(outbound.request(get('http://inside.example/'))).rejects.toThrow(
      'inside.example (10.0.0.1) is not allowed',
    );
    await expect(outbound.request(get('https://inside.example/'))).rejects.toThrow('is not allowed');
    expect(asked).toEqual([]);
  });

  it('that guards gets the name, and nobody here looks it up', async () => {
    const unused = () => Promise.reject(new Error('looked up'));
    const response = await client({ resolve: unused, proxies: { guards: true } }).request(get('http://any.example/'));
    expect(response.status).toBe(200);
    expect(asked).toMatchObject([{ path: 'any.example:80' }]);
  });

  it('is left out for loopback and for NO_PROXY', async () => {
    const direct = client({ allowCidrs: ['127.0.0.0/8'] });
    expect((await direct.request(get(`http://127.0.0.1:${portOf(target)}/`))).status).toBe(200);
    const here = async () => [{ address: '127.0.0.1', family: 4 }];
    const bypassing = client({ allowCidrs: ['127.0.0.1'], resolve: here, proxies: { bypass: ['near.example'] } });
    expect((await bypassing.request(get(`http://near.example:${portOf(target)}/`))).status).toBe(200);
    expect(asked).toEqual([]);
  });

  it('that refuses is named as the cause, and tried at every address', async () => {
    answer = 'HTTP/1.1 403 Forbidden\r\n\r\n';
    const two = async () => [...(await resolve()), { address: '2606:4700::1111', family: 6 }];
    const failure = client({ resolve: two }).request(get('http://public.example/'));
    await expect(failure).rejects.toMatchObject({
      kind: 'connect',
      message: 'The proxy refused to connect (status 403)',
    });
    expect(asked.map(({ path }) => path)).toEqual(['8.8.8.8:80', '[2606:4700::1111]:80']);
  });

  it('that is silent is subject to the connect limit', async () => {
    answer = silence;
    const failure = client({ resolve }).request({ ...get('http://public.example/'), timeouts: { connectMs: 30 } });
    await expect(failure).rejects.toMatchObject({ kind: 'timeout', message: 'Connect timed out' });
  });

  it('that hangs up is asked once and named', async () => {
    answer = '';
    const failure = client({ resolve }).request(get('http://public.example/'));
    await expect(failure).rejects.toMatchObject({ kind: 'connect', message: 'The proxy failed: socket hang up' });
    expect(asked).toHaveLength(1);
  });
});
