import { nextHop, parseTarget, type Hop } from './redirects.js';

const hop = (method: string, url = 'http://a.example/x'): Hop => ({
  method,
  url: new URL(url),
  headers: { authorization: 'Bearer key', cookie: 'c=1', 'content-type': 'text/plain', host: 'a.example' },
  body: Buffer.from('body'),
});

describe('nextHop', () => {
  it.each([
    [301, 'POST', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'POST', 'GET'],
    [302, 'PUT', 'GET'],
    [302, 'HEAD', 'HEAD'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [307, 'POST', 'POST'],
    [308, 'DELETE', 'DELETE'],
  ])('%i after %s asks with %s', (status, before, after) => {
    const next = nextHop(hop(before), status, '/y');
    expect(next?.method).toBe(after);
    expect(next?.body).toEqual(before === after ? Buffer.from('body') : undefined);
    expect(next?.url.href).toBe('http://a.example/y');
  });

  it('keeps credentials on the origin and on its upgrade to https, drops them elsewhere', () => {
    expect(nextHop(hop('GET'), 302, '/y')?.headers).toMatchObject({ authorization: 'Bearer key' });
    expect(nextHop(hop('GET'), 302, 'https://a.example/')?.headers).toMatchObject({ authorization: 'Bearer key' });
    for (const location of ['http://b.example/', 'http://a.example:8080/', 'https://a.example:8443/']) {
      expect(nextHop(hop('GET'), 302, location)?.headers).toEqual({ 'content-type': 'text/plain' });
    }
  });

  it('ignores what is no redirect, and refuses other schemes', () => {
    expect(nextHop(hop('GET'), 200, '/y')).toBeUndefined();
    expect(nextHop(hop('GET'), 304, '/y')).toBeUndefined();
    expect(nextHop(hop('GET'), 302, undefined)).toBeUndefined();
    expect(() => nextHop(hop('GET'), 302, 'file:///etc/passwd')).toThrow(/scheme '\w+:' is not allowed/);
    expect(() => parseTarget('nonsense')).toThrow("'nonsense' is not a valid URL");
  });
});
