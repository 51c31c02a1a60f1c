import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { readAnswer } from './answer.js';

const finish = {
  type: 'finish',
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: { inputTokens: { total: 1 }, outputTokens: { total: 2 } },
} as LanguageModelV4StreamPart;

it('hands on the media of an answer where they come, and leaves out links', async () => {
  const file = (data: object) => ({ type: 'file', mediaType: 'image/png', data }) as LanguageModelV4StreamPart;
  const stream = ReadableStream.from<LanguageModelV4StreamPart>([
    { type: 'reasoning-delta', id: '0', delta: 'hm' },
    file({ type: 'data', data: 'cGl4' }),
    { type: 'text-delta', id: '0', delta: 'Here.' },
    file({ type: 'data', data: Buffer.from('els') }),
    file({ type: 'url', url: new URL('http://127.0.0.1/x.png') }),
    finish,
  ]);
  const heard: string[] = [];
  const { text } = await readAnswer(stream, {
    onText: (piece) => heard.push(piece),
    onFile: async ({ mimeType, base64 }) => `[${mimeType} ${atob(base64)}]`,
  });
  expect(text).toBe('<think>\nhm\n</think>[image/png pix]Here.[image/png els]');
  expect(heard.join('')).toBe(text);
});
