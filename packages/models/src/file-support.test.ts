import type { ProviderAccess } from './access.js';
import { takesFiles, withoutFiles } from './file-support.js';

it.each<[string, string, boolean]>([
  ['openai', 'gpt-3.5-turbo', false],
  ['openai', 'gpt-4', false],
  ['openai', 'gpt-4-0613', false],
  ['openai', 'gpt-4-turbo', true],
  ['openai', 'gpt-4o-mini', true],
  ['openai', 'gpt-4.1', true],
  ['openai', 'o1-mini', false],
  ['openai', 'o1', true],
  ['anthropic', 'claude-2.1', false],
  ['anthropic', 'claude-sonnet-4-5', true],
  ['deepseek', 'deepseek-chat', false],
  ['cohere', 'command-a-03-2025', false],
  ['cohere', 'command-a-vision-07-2025', true],
  ['mistral', 'pixtral-large-latest', true],
  ['openrouter', 'anything', true],
])('%s %s takes files: %s', (provider, model, takes) => {
  expect(takesFiles({ provider, protocol: 'openai-compatible' } as ProviderAccess, model)).toBe(takes);
});

it('judges an Azure deployment by its base model', () => {
  const azure = { provider: 'azure_openai', protocol: 'azure', baseModel: 'gpt-35-turbo' } as ProviderAccess;
  expect(takesFiles({ ...azure, baseModel: 'gpt-4' } as ProviderAccess, 'mine')).toBe(false);
  expect(takesFiles({ ...azure, baseModel: undefined } as ProviderAccess, 'mine')).toBe(true);
});

it('leaves out the files of a message', () => {
  const file = { type: 'image', name: 'n', mimeType: 'image/png', base64: btoa('x') } as const;
  expect(withoutFiles({ role: 'user', text: 't', files: [file] })).toEqual({ role: 'user', text: 't' });
});
