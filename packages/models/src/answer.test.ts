import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { readAnswer } from './answer.js';

const finish = {
  type: 'finish',
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: { inputTokens: { total: 1 }, outputTokens: { total: 2 } },
} as LanguageModelV4StreamPart;

it('gathers the media of an answer, and leaves out links', async () => {
  const file = (data: object) => ({ type: 'file', mediaType: 'image/png', data }) as LanguageModelV4StreamPart;
  const stream = ReadableStream.from<LanguageModelV4StreamPart>([
    file({ type: 'data', data: 'cGl4' }),
    { type: 'text-delta', id: '0', delta: 'Here.' },
    file({ type: 'data', data: Buffer.from('els') }),
    file({ type: 'url', url: new URL('http://127.0.0.1/x.png') }),
    finish,
  ]);
  const { text, files } = await readAnswer(stream, () => undefined);
  expect(text).toBe('Here.');
  expect(files.map(({ mimeType, base64 }) => [mimeType, atob(base64)])).toEqual([
    ['image/png', 'pix'],
    ['image/png', 'els'],
  ]);
});
