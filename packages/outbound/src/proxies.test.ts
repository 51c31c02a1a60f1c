import { createProxyChoice, type ProxySettings } from './proxies.js';

const proxies = { http: 'http://plain:1', https: 'http://secure:2' };

function choose(settings: ProxySettings, target: string): string | undefined {
  const { protocol, hostname, port } = new URL(target);
  return createProxyChoice(settings)({ protocol, hostname, port })?.host;
}

describe('createProxyChoice', () => {
  it('takes the proxy of the scheme', () => {
    expect(choose(proxies, 'http://a.example/')).toBe('plain:1');
    expect(choose(proxies, 'https://a.example/')).toBe('secure:2');
    expect(choose({ http: 'http://plain:1' }, 'https://a.example/')).toBeUndefined();
    expect(choose({}, 'http://a.example/')).toBeUndefined();
  });

  it.each([
    'http://localhost:8080/',
    'http://a.localhost/',
    'http://127.8.9.1/',
    'https://[::1]/',
    'http://localhost./',
  ])('%s is always reached directly', (target) => expect(choose(proxies, target)).toBeUndefined());

  it.each<[entry: string, direct: string[], proxied: string[]]>([
    ['*', ['http://a.example/', 'http://8.8.8.8/'], []],
    ['a.example', ['http://a.example/', 'http://x.a.example:81/', 'http://A.example./'], ['http://ba.example/']],
    ['.a.example', ['http://a.example/', 'http://x.a.example/'], ['http://example/']],
    ['*.a.example', ['http://x.a.example/'], ['http://b.example/']],
    ['a.example:8443', ['https://a.example:8443/'], ['https://a.example/']],
    ['a.example:443', ['https://a.example/'], ['http://a.example/']],
    ['10.0.0.0/8', ['http://10.2.3.4/'], ['http://11.0.0.1/', 'http://a.example/']],
    ['10.0.0.1:81', ['http://10.0.0.1:81/'], ['http://10.0.0.1/']],
    ['fd00::/8', ['http://[fd12::1]/'], ['http://[fe00::1]/']],
    ['[fd00::1]:81', ['http://[fd00::1]:81/'], ['http://[fd00::1]/']],
  ])('NO_PROXY=%s', (entry, direct, proxied) => {
    const settings = { ...proxies, bypass: [entry] };
    for (const target of direct) expect([target, choose(settings, target)]).toEqual([target, undefined]);
    for (const target of proxied) expect([target, choose(settings, target)]).toEqual([target, expect.any(String)]);
  });
});
