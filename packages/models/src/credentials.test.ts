import { shortProviderName } from './catalog.js';
import { secretsOf } from './credentials.js';
import { resolveAccess } from './resolve-access.js';

const account = JSON.stringify({ client_email: 'me@p.iam', private_key: 'PEM-secret', project_id: 'p' });
const accountKey = Buffer.from(account).toString('base64');

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
    ['langgenius/groq/groq', key, 'openai-compatible', 'https://api.groq.com/openai/v1'],
    ['langgenius/x/x', key, 'openai-compatible', 'https://api.x.ai/v1'],
    ['perplexity', { ...key, base_url: 'http://h:1' }, 'openai-compatible', 'http://h:1'],
    [
      'langgenius/tongyi/tongyi',
      { dashscope_api_key: 'k-1' },
      'openai-compatible',
      'https://dashscope.aliyuncs.com/compatible-mode/v1',
    ],
    [
      'tongyi',
      { dashscope_api_key: 'k-1', use_international_endpoint: 'true' },
      'openai-compatible',
      'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    ],
    ['volcengine_maas', { volc_api_key: 'k-1' }, 'openai-compatible', 'https://ark.cn-beijing.volces.com/api/v3'],
    ['minimax', { minimax_api_key: 'k-1', minimax_group_id: 'g' }, 'openai-compatible', 'https://api.minimaxi.com/v1'],
    ['ollama', { base_url: 'http://h:11434' }, 'openai-compatible', 'http://h:11434/v1'],
    ['xinference', { server_url: 'http://h:9997' }, 'openai-compatible', 'http://h:9997/v1'],
    ['mistralai', key, 'mistral', 'https://api.mistral.ai/v1'],
    ['cohere', { ...key, base_url: 'http://h:1' }, 'cohere', 'http://h:1/v2'],
    ['azure_openai', { openai_api_key: 'k-1', openai_api_base: 'http://h:1/' }, 'azure', 'http://h:1/openai'],
    ['azure', { ...key, base_url: 'http://h:1/openai', api_version: 'v1' }, 'azure', 'http://h:1/openai/v1'],
    [
      'bedrock',
      { aws_access_key_id: 'a', aws_secret_access_key: 'b', aws_region: 'eu-west-1' },
      'bedrock',
      'https://bedrock-runtime.eu-west-1.amazonaws.com',
    ],
    ['bedrock', { bedrock_api_key: 'k-1', bedrock_endpoint_url: 'http://h:1' }, 'bedrock', 'http://h:1'],
    [
      'langgenius/vertex_ai/vertex_ai',
      { vertex_service_account_key: accountKey, vertex_location: 'global' },
      'vertex',
      '',
    ],
  ])('%s with %j', (provider, credentials, protocol, baseUrl) =>
    expect(resolveAccess(provider, credentials)).toMatchObject({ protocol, baseUrl }),
  );

  it.each([
    ['openai', {}, 'no API key'],
    ['anthropic', { api_key: ' ' }, 'no API key'],
    ['my_own', key, 'no endpoint URL'],
    ['langgenius/sagemaker/sagemaker', key, 'not supported'],
    ['vertex_ai', { vertex_service_account_key: 'nonsense' }, "can't be read"],
    ['vertex_ai', { ...key, vertex_location: 'evil.example/x' }, 'no valid location'],
    ['bedrock', { aws_access_key_id: 'a' }, 'no AWS access keys'],
    ['bedrock', { ...key, aws_region: 'evil.example/x' }, 'no valid AWS region'],
    ['azure_openai', { openai_api_key: 'k' }, 'no endpoint URL'],
    ['hunyuan', { secret_id: 'a', secret_key: 'b' }, 'no API key'],
  ])('%s with %j is refused', (provider, credentials, reason) =>
    expect(resolveAccess(provider, credentials)).toContain(reason),
  );

  it('knows what is secret', () => {
    expect(shortProviderName('a/b/c')).toBe('c');
    const mixed = { api_key: 'secret', base_url: 'http://x', openai_organization: 'org-1', context_size: '4096' };
    expect(secretsOf(mixed)).toEqual(['secret']);
    expect(secretsOf({ base_url: 'http://me:pass@x/v1' })).toEqual(['pass']);
    expect(secretsOf({ vertex_service_account_key: accountKey })).toEqual([accountKey, 'PEM-secret']);
  });
});
