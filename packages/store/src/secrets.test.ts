import { createSecretBox, newToken, SecretError } from './secrets.js';

const keyA = 'a'.repeat(32);
const keyB = 'b'.repeat(32);

describe('createSecretBox', () => {
  const box = createSecretBox(keyA);

  it('opens what it sealed, in its place only', () => {
    const sealed = box.seal('geheim \0 ✓', 'row:1');
    expect(sealed).not.toContain('geheim');
    expect(box.open(sealed, 'row:1')).toBe('geheim \0 ✓');
    expect(() => box.open(sealed, 'row:2')).toThrow(SecretError);
  });

  it('never seals a text the same way twice', () => {
    expect(box.seal('x', 'row')).not.toBe(box.seal('x', 'row'));
  });

  it('says which key is missing, and opens with an older one', () => {
    const sealed = box.seal('x', 'row');
    expect(() => createSecretBox(keyB).open(sealed, 'row')).toThrow('another MILLRACE_SECRET_KEY');
    expect(createSecretBox(keyB, [keyA]).open(sealed, 'row')).toBe('x');
  });

  it.each(['', 'plain', 'v2.a.b.c.d'])('refuses %p', (text) => {
    expect(() => box.open(text, 'row')).toThrow(SecretError);
  });

  it('refuses a changed text', () => {
    const sealed = box.seal('0123456789', 'row');
    const last = sealed.endsWith('A') ? 'B' : 'A';
    expect(() => box.open(sealed.slice(0, -3) + last + sealed.slice(-2), 'row')).toThrow(SecretError);
  });
});

describe('newToken', () => {
  it('has the form of an app key', () => {
    const tokens = Array.from({ length: 50 }, () => newToken('app-', 24));
    expect(tokens.every((token) => /^app-[A-Za-z0-9]{24}$/.test(token))).toBe(true);
    expect(new Set(tokens).size).toBe(50);
  });
});
