import type { FullReply, ModelProtocol } from './model-protocols.js';

const data = (value: { type: string } & Record<string, unknown>) =>
  `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
const stops = { stop: 'COMPLETE', length: 'MAX_TOKENS' } as const;
const usageOf = (reply: FullReply) => ({
  tokens: { input_tokens: reply.promptTokens, output_tokens: reply.completionTokens },
});

/** Cohere's chat API, version 2. */
export const cohere: ModelProtocol = {
  name: 'cohere',
  matches: (path) => path.endsWith('/v2/chat'),
  streams: (_path, body) => body['stream'] === true,
  opening: () => [
    data({ type: 'message-start', id: 'msg-test', delta: { message: { role: 'assistant', content: [] } } }),
    data({ type: 'content-start', index: 0, delta: { message: { content: { type: 'text', text: '' } } } }),
  ],
  chunk: (text) => data({ type: 'content-delta', index: 0, delta: { message: { content: { text } } } }),
  closing: (reply) => [
    data({ type: 'content-end', index: 0 }),
    data({ type: 'message-end', delta: { finish_reason: stops[reply.finishReason], usage: usageOf(reply) } }),
  ],
  whole: (reply) => ({
    id: 'msg-test',
    finish_reason: stops[reply.finishReason],
    message: { role: 'assistant', content: [{ type: 'text', text: reply.text }] },
    usage: usageOf(reply),
  }),
  failure: (_status, message) => ({ message }),
};
