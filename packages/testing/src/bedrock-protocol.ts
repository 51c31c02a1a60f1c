import { EventStreamCodec } from '@smithy/eventstream-codec';
import type { FullReply, ModelProtocol } from './model-protocols.js';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);

function frame(event: string, body: object): Uint8Array {
  const text = (value: string) => ({ type: 'string', value }) as const;
  const headers = {
    ':message-type': text('event'),
    ':event-type': text(event),
    ':content-type': text('application/json'),
  };
  return codec.encode({ headers, body: Buffer.from(JSON.stringify(body)) });
}

const stops = { stop: 'end_turn', length: 'max_tokens' } as const;
const usageOf = (reply: FullReply) => ({
  inputTokens: reply.promptTokens,
  outputTokens: reply.completionTokens,
  totalTokens: reply.promptTokens + reply.completionTokens,
});

/** Amazon Bedrock's Converse API, whose stream is binary. */
export const bedrock: ModelProtocol = {
  name: 'bedrock',
  streamType: 'application/vnd.amazon.eventstream',
  matches: (path) => /\/model\/[^/]+\/converse(-stream)?$/.test(path),
  streams: (path) => path.endsWith('/converse-stream'),
  opening: () => [frame('messageStart', { role: 'assistant' })],
  chunk: (text) => frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text } }),
  closing: (reply) => [
    frame('contentBlockStop', { contentBlockIndex: 0 }),
    frame('messageStop', { stopReason: stops[reply.finishReason] }),
    frame('metadata', { usage: usageOf(reply), metrics: { latencyMs: 1 } }),
  ],
  whole: (reply) => ({
    output: { message: { role: 'assistant', content: [{ text: reply.text }] } },
    stopReason: stops[reply.finishReason],
    usage: usageOf(reply),
    metrics: { latencyMs: 1 },
  }),
  failure: (_status, message) => ({ message }),
};
