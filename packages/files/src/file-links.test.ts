import { createFileLinks } from './file-links.js';

const id = '6f1c0e6e-54a1-4c8f-9d5c-0a0b4f1d2c3e';
const owner = { tenantId: 't', appId: 'a', endUserId: 'u' };
const secretKey = 's'.repeat(32);
let nowMs = 1_790_000_000_900;
const links = createFileLinks({ secretKey, lifetimeSeconds: 300, now: () => nowMs });

beforeEach(() => {
  nowMs = 1_790_000_000_900;
});

function signed() {
  const url = new URL(links.sign(owner, { id, origin: 'upload', extension: 'txt' }, 'http://h:1'));
  const { timestamp = '', nonce = '', sign = '' } = Object.fromEntries(url.searchParams);
  return { timestamp, nonce, sign };
}

it('signs links in the documented form', () => {
  const url = links.sign(owner, { id, origin: 'upload', extension: 'txt' }, 'http://h:1');
  expect(url).toMatch(
    new RegExp(`^http://h:1/files/${id}/file-preview\\?timestamp=1790000000&nonce=[0-9a-f]{32}&sign=[\\w%-]+$`),
  );
  // 32 bytes in base64, padding kept.
  expect(new URL(url).searchParams.get('sign')).toMatch(/^[\w-]{43}=$/);
});

it.each([
  ['txt', `/files/tools/${id}.txt`],
  ['', `/files/tools/${id}.bin`],
  ['../x', `/files/tools/${id}.bin`],
])('puts the extension %j of a tool file behind its id', (extension, path) => {
  expect(links.sign(owner, { id, origin: 'tool', extension }, '').split('?')[0]).toBe(path);
});

describe('verify', () => {
  it.each<[string, object, string, number, boolean]>([
    ['the link itself', {}, id, 0, true],
    ['at its last second', {}, id, 299, true],
    ['too late', {}, id, 301, false],
    ['a clock that is behind', {}, id, -59, true],
    ['from the future', {}, id, -120, false],
    ['another file', {}, '7f1c0e6e-54a1-4c8f-9d5c-0a0b4f1d2c3e', 0, false],
    ['a later timestamp', { timestamp: '1790000300' }, id, 0, false],
    ['a timestamp that is none', { timestamp: '1e9' }, id, 0, false],
    ['another nonce', { nonce: '0'.repeat(32) }, id, 0, false],
    ['no signature', { sign: '' }, id, 0, false],
    ['a short signature', { sign: 'AAAA' }, id, 0, false],
    ['a wrong signature', { sign: 'A'.repeat(43) + '=' }, id, 0, false],
  ])('%s', (_, change, fileId, laterSeconds, good) => {
    const signature = { ...signed(), ...change };
    nowMs += laterSeconds * 1000;
    expect(links.verify(owner, fileId, signature)).toBe(good);
  });

  it.each(['tenantId', 'appId', 'endUserId'])('takes no link that was signed for another %s', (part) => {
    expect(links.verify({ ...owner, [part]: 'other' }, id, signed())).toBe(false);
  });

  it('takes no link of another secret key', () => {
    expect(createFileLinks({ secretKey: 'x'.repeat(32), now: () => nowMs }).verify(owner, id, signed())).toBe(false);
  });

  it('takes links of an older secret key for their time, and signs with the newer one', () => {
    const next = createFileLinks({ secretKey: 'n'.repeat(32), olderSecretKeys: [secretKey], now: () => nowMs });
    expect(next.verify(owner, id, signed())).toBe(true);
    const url = new URL(next.sign(owner, { id, origin: 'upload', extension: 'txt' }, 'http://h:1'));
    const { timestamp = '', nonce = '', sign = '' } = Object.fromEntries(url.searchParams);
    expect(links.verify(owner, id, { timestamp, nonce, sign })).toBe(false);
    const old = signed();
    nowMs += 301_000;
    expect(next.verify(owner, id, old)).toBe(false);
  });
});
