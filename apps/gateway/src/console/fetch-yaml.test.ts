import { createOutbound } from '@millrace/outbound';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchYaml, rawUrl } from './fetch-yaml.js';

let server: Server;
let base: string;
const outbound = createOutbound({ allowCidrs: ['127.0.0.0/8'] });
const guarded = createOutbound();

beforeAll(async () => {
  server = createServer((req, res) => {
    const size = Number(req.url?.slice(1));
    if (Number.isNaN(size)) res.writeHead(404).end('none');
    else res.end('x'.repeat(size));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await Promise.all([outbound.close(), guarded.close()]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a workflow file at an address', () => {
  it('is fetched', async () => {
    expect(await fetchYaml(outbound, `${base}/3`)).toEqual({ yaml: 'xxx' });
  });

  it.each([
    ['/0', 'Empty content from url'],
    ['/none', 'Error fetching YAML from URL: status 404'],
    [`/${10 * 1024 * 1024 + 1}`, 'File size exceeds the limit of 10MB'],
  ])('%s fails', async (path, error) => {
    expect(await fetchYaml(outbound, base + path)).toEqual({ error });
  });

  it('is not fetched from a private network, nor from no address', async () => {
    const error = expect.stringMatching(/^Error fetching YAML from URL: .*is not allowed/) as string;
    expect(await fetchYaml(guarded, `${base}/3`)).toEqual({ error });
    expect(await fetchYaml(guarded, 'nowhere')).toEqual({
      error: expect.stringMatching(/^Error fetching YAML from URL: ./) as string,
    });
  });

  it('may be named by its page on GitHub', () => {
    expect(rawUrl('https://github.com/a/b/blob/main/c/d.yml')).toBe(
      'https://raw.githubusercontent.com/a/b/main/c/d.yml',
    );
    expect(rawUrl('https://example.com/github.com/blob/d.yml')).toBe('https://example.com/github.com/blob/d.yml');
  });
});
