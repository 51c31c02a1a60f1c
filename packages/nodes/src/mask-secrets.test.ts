import { secretMasker } from './mask-secrets.js';

describe('secretMasker', () => {
  const mask = secretMasker(['short', 'a longer "secret"/&é', 'longer', 'abc']);

  it.each([
    ['x short y', `x ${'*'.repeat(20)} y`],
    ['a longer "secret"/&é', `a long${'*'.repeat(12)}&é`],
    ['a+longer+%22secret%22%2F%26%C3%A9', `a long${'*'.repeat(12)}&é`],
    ['a%20longer%20%22secret%22%2F%26%C3%A9', `a long${'*'.repeat(12)}&é`],
    ['a%20longer%20%22secret%22/&%C3%A9', `a long${'*'.repeat(12)}&é`],
    ['"a longer \\"secret\\"/&é"', `"a long${'*'.repeat(12)}&é"`],
    ['nothing here, abc', 'nothing here, abc'],
  ])('%s', (text, masked) => expect(mask(text)).toBe(masked));

  it('leaves out a text in which looking for all of them would take too long', () => {
    const many = secretMasker(Array.from({ length: 1_000 }, (_, at) => `secret${at}`));
    expect(many('the secret7')).not.toContain('secret7');
    expect(many('x'.repeat(500_001))).toBe('500001 characters left out: too many secrets to hide');
  });

  it('leaves everything without secrets', () => expect(secretMasker()('text')).toBe('text'));
});
