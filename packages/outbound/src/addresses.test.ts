import { isAllowedAddress, parseNetworks } from './addresses.js';

describe('isAllowedAddress', () => {
  it.each(['8.8.8.8', '1.1.1.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1'])(
    'lets the public address %s pass',
    (address) => expect(isAllowedAddress(address, [])).toBe(true),
  );

  it.each([
    '127.0.0.1',
    '127.8.9.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '192.88.99.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.1',
    '192.0.2.1',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'ff02::1',
    'fec0::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '::7f00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::a00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::',
    '2001:0::1',
    '2001:db8::1',
    '100::1',
    '4000::1',
    '64:ff9b::a83f:8110',
    '3fff::1',
    'fd00:ec2::254',
    '2001:20::1',
    'no address',
    '',
  ])('refuses %s', (address) => expect(isAllowedAddress(address, [])).toBe(false));

  it('opens the networks that the operator names, in mapped form too', () => {
    const allowed = parseNetworks(['127.0.0.0/8', 'fd00::/8', '10.0.0.7']);
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', 'fd12::1', '10.0.0.7']) {
      expect([address, isAllowedAddress(address, allowed)]).toEqual([address, true]);
    }
    // A translator's network is another one than the addresses it carries.
    for (const address of ['10.0.0.8', '::1', '169.254.169.254', '64:ff9b::7f00:1', '2002:7f00:1::']) {
      expect([address, isAllowedAddress(address, allowed)]).toEqual([address, false]);
    }
  });

  it('names a text that is no network', () => {
    expect(() => parseNetworks(['127.0.0.0/8', 'localhost'])).toThrow("'localhost' is not a network");
  });
});
