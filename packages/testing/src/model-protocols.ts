import { bedrock } from './bedrock-protocol.js';
import { cohere } from './cohere-protocol.js';

/** How the model APIs write the same reply. Pure: request in, frames out. */

/** A reply with everything filled in. */
export interface FullReply {
  text: string;
  /** The text in the pieces in which it is streamed. */
  chunks: string[];
  finishReason: 'stop' | 'length';
  promptTokens: number;
  completionTokens: number;
}

export interface ModelProtocol {
  name: 'openai' | 'completion' | 'anthropic' | 'google' | 'cohere' | 'bedrock';
  /** Default `text/event-stream`. */
  streamType?: string;
  matches(path: string): boolean;
  streams(path: string, body: Record<string, unknown>): boolean;
  /** Frames of a stream before, for each chunk, and after. */
  opening(reply: FullReply, model: string): Frame[];
  chunk(text: string, model: string): Frame;
  closing(reply: FullReply, model: string, body: Record<string, unknown>): Frame[];
  whole(reply: FullReply, model: string): object;
  failure(status: number, message: string, code?: string): object;
}

export type Frame = string | Uint8Array;

const data = (value: object) => `data: ${JSON.stringify(value)}\n\n`;
const named = (event: { type: string } & Record<string, unknown>) => `event: ${event.type}\n${data(event)}`;

const openai: ModelProtocol = {
  name: 'openai',
  matches: (path) => path.endsWith('/chat/completions'),
  streams: (_path, body) => body['stream'] === true,
  opening: (_reply, model) => [openaiChunk(model, { role: 'assistant', content: '' }, null)],
  chunk: (text, model) => openaiChunk(model, { content: text }, null),
  // Asked for, the usage comes in a chunk of its own; else it rides on the last one, as Mistral has it.
  closing: (reply, model, body) =>
    'stream_options' in body
      ? [
          openaiChunk(model, {}, reply.finishReason),
          data({ ...chunkOf(model), choices: [], usage: openaiUsage(reply) }),
          'data: [DONE]\n\n',
        ]
      : [openaiChunk(model, {}, reply.finishReason, { usage: openaiUsage(reply) }), 'data: [DONE]\n\n'],
  whole: (reply, model) => ({
    id: 'chatcmpl-test',
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: reply.text }, finish_reason: reply.finishReason }],
    usage: openaiUsage(reply),
  }),
  failure: (status, message, code) => ({
    error: {
      message,
      type: openaiErrorTypes[status] ?? 'server_error',
      param: null,
      code: code ?? openaiErrorCodes[status] ?? null,
    },
  }),
};

const completion: ModelProtocol = {
  ...openai,
  name: 'completion',
  matches: (path) => path.endsWith('/completions') && !path.endsWith('/chat/completions'),
  opening: () => [],
  chunk: (text, model) => data(completionOf(model, text, null)),
  closing: (reply, model) => [
    data(completionOf(model, '', reply.finishReason)),
    data({ ...completionOf(model, '', null), choices: [], usage: openaiUsage(reply) }),
    'data: [DONE]\n\n',
  ],
  whole: (reply, model) => ({
    ...completionOf(model, reply.text, reply.finishReason),
    usage: openaiUsage(reply),
  }),
};
const completionOf = (model: string, text: string, finishReason: string | null) => ({
  id: 'cmpl-test',
  object: 'text_completion',
  created,
  model,
  choices: [{ index: 0, text, logprobs: null, finish_reason: finishReason }],
});

const created = 1_700_000_000;
const openaiErrorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'invalid_request_error',
  429: 'requests',
};
const openaiErrorCodes: Record<number, string> = {
  401: 'invalid_api_key',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
};

const chunkOf = (model: string) => ({ id: 'chatcmpl-test', object: 'chat.completion.chunk', created, model });
const openaiChunk = (model: string, delta: object, finishReason: string | null, more: object = {}) =>
  data({ ...chunkOf(model), choices: [{ index: 0, delta, finish_reason: finishReason }], ...more });

const openaiUsage = (reply: FullReply) => ({
  prompt_tokens: reply.promptTokens,
  completion_tokens: reply.completionTokens,
  total_tokens: reply.promptTokens + reply.completionTokens,
});

const anthropicStop = { stop: 'end_turn', length: 'max_tokens' } as const;
const anthropicMessage = (reply: FullReply, model: string) => ({
  id: 'msg_test',
  type: 'message',
  role: 'assistant',
  model,
  stop_sequence: null,
  usage: { input_tokens: reply.promptTokens, output_tokens: reply.completionTokens },
});

const anthropic: ModelProtocol = {
  name: 'anthropic',
  matches: (path) => path.endsWith('/messages'),
  streams: (_path, body) => body['stream'] === true,
  opening: (reply, model) => [
    named({ type: 'message_start', message: { ...anthropicMessage(reply, model), content: [], stop_reason: null } }),
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  ],
  chunk: (text) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  closing: (reply) => [
    named({ type: 'content_block_stop', index: 0 }),
    named({
      type: 'message_delta',
      delta: { stop_reason: anthropicStop[reply.finishReason], stop_sequence: null },
      usage: { output_tokens: reply.completionTokens },
    }),
    named({ type: 'message_stop' }),
  ],
  whole: (reply, model) => ({
    ...anthropicMessage(reply, model),
    content: [{ type: 'text', text: reply.text }],
    stop_reason: anthropicStop[reply.finishReason],
  }),
  failure: (status, message) => ({
    type: 'error',
    error: { type: anthropicErrorTypes[status] ?? 'api_error', message },
  }),
};

const anthropicErrorTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

const googleStop = { stop: 'STOP', length: 'MAX_TOKENS' } as const;
const googleCandidate = (text: string, finishReason?: string) => ({
  candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, ...(finishReason ? { finishReason } : {}) }],
});
const googleUsage = (reply: FullReply) => ({
  usageMetadata: {
    promptTokenCount: reply.promptTokens,
    candidatesTokenCount: reply.completionTokens,
    totalTokenCount: reply.promptTokens + reply.completionTokens,
  },
});

const google: ModelProtocol = {
  name: 'google',
  matches: (path) => /:(streamGenerateContent|generateContent)$/.test(path),
  streams: (path) => path.endsWith(':streamGenerateContent'),
  opening: () => [],
  chunk: (text, model) => data({ ...googleCandidate(text), modelVersion: model }),
  closing: (reply) => [data({ ...googleCandidate('', googleStop[reply.finishReason]), ...googleUsage(reply) })],
  whole: (reply, model) => ({
    ...googleCandidate(reply.text, googleStop[reply.finishReason]),
    ...googleUsage(reply),
    modelVersion: model,
  }),
  failure: (status, message) => ({
    error: { code: status, message, status: googleErrorStatus[status] ?? 'INTERNAL' },
  }),
};

const googleErrorStatus: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
};

export const modelProtocols: readonly ModelProtocol[] = [openai, completion, anthropic, google, cohere, bedrock];
