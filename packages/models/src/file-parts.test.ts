import type { ModelFile, ModelMessage } from '@millrace/contracts';
import type { Protocol } from './catalog.js';
import { filePart } from './file-parts.js';
import { toPrompt } from './messages.js';

const file = (mimeType: string, type: ModelFile['type'] = 'image'): ModelFile => ({
  ...{ type, mimeType, name: 'n', base64: btoa('x') },
});

it.each<[Protocol, string, string | undefined]>([
  ['openai', 'image/PNG', 'image/png'],
  ['openai', 'image/jpg', 'image/jpeg'],
  ['openai', 'audio/x-wav', 'audio/wav'],
  ['openai-compatible', 'application/pdf', 'application/pdf'],
  ['azure', 'text/plain', undefined],
  ['openai', 'video/mp4', undefined],
  ['anthropic', 'image/webp', 'image/webp'],
  ['anthropic', 'image/svg+xml', undefined],
  ['anthropic', 'text/plain', 'text/plain'],
  ['google', 'video/mp4', 'video/mp4'],
  ['vertex', 'application/zip', undefined],
  ['bedrock', 'text/csv', 'text/csv'],
  ['mistral', 'audio/mpeg', undefined],
  ['cohere', 'image/gif', 'image/gif'],
  ['cohere', 'application/pdf', undefined],
])('%s takes %s as %s', (protocol, mimeType, mediaType) => {
  expect(filePart(file(mimeType), protocol)?.mediaType).toBe(mediaType);
});

it('tells how closely to look at images only', () => {
  const told = { openai: { imageDetail: 'low' }, azure: { imageDetail: 'low' } };
  expect(filePart({ ...file('image/png'), detail: 'low' }, 'openai')?.providerOptions).toEqual(told);
  expect(
    filePart({ ...file('application/pdf', 'document'), detail: 'low' }, 'openai')?.providerOptions,
  ).toBeUndefined();
  expect(filePart(file('image/png'), 'openai')?.providerOptions).toBeUndefined();
});

const png = expect.objectContaining({ type: 'file', mediaType: 'image/png' }) as unknown;
const text = (words: string) => ({ type: 'text', text: words });

it.each<[string, ModelMessage[], unknown[]]>([
  [
    'in front of the text',
    [{ role: 'user', text: 'U', files: [file('image/png')] }],
    [{ role: 'user', content: [png, text('U')] }],
  ],
  [
    "as the user's, where the role can hold none",
    [
      { role: 'system', text: 'S', files: [file('image/png')] },
      { role: 'assistant', text: '', files: [file('image/png')] },
    ],
    [
      { role: 'system', content: 'S' },
      { role: 'user', content: [png] },
      { role: 'user', content: [png] },
    ],
  ],
  [
    'not where the API has no place for them',
    [
      { role: 'user', text: '', files: [file('video/mp4')] },
      { role: 'user', text: 'U', files: [file('video/mp4')] },
    ],
    [{ role: 'user', content: [text('U')] }],
  ],
])('files go %s', (_, messages, prompt) => {
  expect(toPrompt(messages, 'chat', 'openai')).toEqual(prompt);
});
