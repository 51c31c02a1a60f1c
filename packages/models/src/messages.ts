import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { ModelMessage, ValueObject } from '@millrace/contracts';
import { plain } from './call-options.js';
import type { Protocol } from './catalog.js';
import { filePart } from './file-parts.js';

/** APIs that take system messages at the beginning only. */
const systemFirst = new Set<Protocol>(['anthropic', 'google', 'vertex', 'bedrock']);

/**
 * Messages in the form of the model interface; a completion prompt is one user message. Files stand in front of the text
 * of a user message; those of other roles, whose messages can hold none, come as the user's. What is empty is left out.
 */
export function toPrompt(
  messages: readonly ModelMessage[],
  mode: 'chat' | 'completion',
  protocol: Protocol,
): LanguageModelV4Prompt {
  if (mode === 'completion') {
    return [{ role: 'user', content: [{ type: 'text', text: messages.map(({ text }) => text).join('\n') }] }];
  }
  const isSystem = ({ role }: ModelMessage) => role === 'system';
  const ordered = systemFirst.has(protocol)
    ? [...messages.filter(isSystem), ...messages.filter((message) => !isSystem(message))]
    : messages;
  return ordered.flatMap(({ role, text, files = [] }): LanguageModelV4Prompt => {
    const shown = files.flatMap((file) => filePart(file, protocol) ?? []);
    const words = text === '' ? [] : [{ type: 'text' as const, text }];
    if (role === 'user') return shown.length + words.length === 0 ? [] : [{ role, content: [...shown, ...words] }];
    const own: LanguageModelV4Prompt =
      text === '' ? [] : [role === 'system' ? { role, content: text } : { role, content: words }];
    return shown.length === 0 ? own : [...own, { role: 'user', content: shown }];
  });
}

/** Asks in words for an answer that is valid against a schema, where the API can't be told. */
export function withSchemaInstruction(
  messages: readonly ModelMessage[],
  mode: 'chat' | 'completion',
  schema: Readonly<ValueObject>,
): ModelMessage[] {
  const instruction = [
    'Your whole answer must be one JSON value that is valid against the JSON schema below.',
    'Write no other text, no explanation and no code fence around it.',
    '',
    'JSON schema:',
    JSON.stringify(plain(schema)),
  ].join('\n');
  const [first, ...rest] = messages;
  if (mode === 'completion') return [...messages, { role: 'user', text: instruction }];
  if (first?.role === 'system') return [{ ...first, text: `${first.text}\n\n${instruction}` }, ...rest];
  return [{ role: 'system', text: instruction }, ...messages];
}
