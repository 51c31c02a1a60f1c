import { resolveAccess, secretsOf, shortProviderName } from './credentials.js';

describe('resolveAccess', () => {
  const key = { api_key: 'k-1' };
  it.each([
    ['openai', key, 'openai', 'https://api.openai.com/v1'],
    ['langgenius/openai/openai', { openai_api_key: 'k-1' }, 'openai', 'https://api.openai.com/v1'],
    ['openai', { openai_api_key: 'k-1', openai_api_base: 'http://h:1' }, 'openai-compatible', 'http://h:1/v1'],
    ['openai', { ...key, base_url: 'http://h:1/v1/' }, 'openai-compatible', 'http://h:1/v1'],
    ['openai', { ...key, base_url: 'https://api.openai.com' }, 'openai', 'https://api.openai.com/v1'],
    ['anthropic', { anthropic_api_key: 'k-1', anthropic_api_url: 'http://h:1' }, 'anthropic', 'http://h:1/v1'],
    [
      'langgenius/gemini/google',
      { google_api_key: 'k-1' },
      'google',
      'https://generativelanguage.googleapis.com/v1beta',
    ],
    ['gemini', { ...key, base_url: 'http://h:1' }, 'google', 'http://h:1/v1beta'],
    ['openai_api_compatible', { endpoint_url: 'http://h:1/v3/' }, 'openai-compatible', 'http://h:1/v3'],
    ['openai_api_compatible', { endpoint_url: 'http://h:1/custom' }, 'openai-compatible', 'http://h:1/custom'],
    ['openai_api_compatible', { endpoint_url: 'http://h:1' }, 'openai-compatible', 'http://h:1/v1'],
    ['my_own', { ...key, base_url: 'http://h/v1/chat/completions' }, 'openai-compatible', 'http://h/v1'],
    ['deepseek', key, 'openai-compatible', 'https://api.deepseek.com/v1'],
  ])('%s with %j', (provider, credentials, protocol, baseUrl) =>
    expect(resolveAccess(provider, credentials)).toMatchObject({ protocol, baseUrl }),
  );

  it.each([
    ['openai', {}, 'no API key'],
    ['anthropic', { api_key: ' ' }, 'no API key'],
    ['my_own', key, 'no endpoint URL'],
    ['langgenius/vertex_ai/vertex_ai', key, 'not supported'],
  ])('%s with %j is refused', (provider, credentials, reason) =>
    expect(resolveAccess(provider, credentials)).toContain(reason),
  );

  it('knows what is secret', () => {
    expect(shortProviderName('a/b/c')).toBe('c');
    expect(secretsOf({ api_key: 'secret', base_url: 'http://x', openai_organization: 'org-1' })).toEqual(['secret']);
  });
});
