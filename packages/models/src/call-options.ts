import type { LanguageModelV4CallOptions, LanguageModelV4Prompt } from '@ai-sdk/provider';
import type { ModelMessage, Value, ValueObject } from '@millrace/contracts';
import { Float } from '@millrace/contracts';
import type { Protocol } from './credentials.js';

type Settings = Partial<Omit<LanguageModelV4CallOptions, 'prompt'>>;

/** Parameters that every protocol knows, by the names that workflow files use. */
const numeric: Record<string, keyof Settings> = {
  temperature: 'temperature',
  top_p: 'topP',
  max_tokens: 'maxOutputTokens',
  max_completion_tokens: 'maxOutputTokens',
  max_output_tokens: 'maxOutputTokens',
  max_tokens_to_sample: 'maxOutputTokens',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  seed: 'seed',
};

/** Maps `completion_params` to call options; parameters of one provider only travel as its own options. */
export function toSettings(params: Readonly<ValueObject>, protocol: Protocol, provider: string): Settings {
  const settings: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  for (const [name, raw] of Object.entries(params)) {
    if (raw === null || name === 'json_schema') continue;
    const value = plain(raw);
    const common = numeric[name];
    if (common) settings[common] = value;
    else if (name === 'stop') settings['stopSequences'] = Array.isArray(value) ? value : [value];
    else if (name === 'top_k' && protocol !== 'openai-compatible') settings['topK'] = value;
    else if (name === 'response_format') settings['responseFormat'] = responseFormat(value, params['json_schema']);
    else own[protocol === 'openai-compatible' ? name : camelCase(name)] = value;
  }
  if (Array.isArray(settings['stopSequences']) && settings['stopSequences'].length === 0)
    delete settings['stopSequences'];
  if (settings['responseFormat'] === undefined) delete settings['responseFormat'];
  const key = protocol === 'openai-compatible' ? provider : protocol;
  return { ...settings, ...(Object.keys(own).length > 0 && { providerOptions: { [key]: own as ValueOptions } }) };
}

type ValueOptions = NonNullable<LanguageModelV4CallOptions['providerOptions']>[string];

/** Messages in the form of the model interface; a completion prompt is one user message. */
export function toPrompt(messages: readonly ModelMessage[], mode: 'chat' | 'completion'): LanguageModelV4Prompt {
  if (mode === 'completion') {
    return [{ role: 'user', content: [{ type: 'text', text: messages.map(({ text }) => text).join('\n') }] }];
  }
  return messages.map(({ role, text }) =>
    role === 'system' ? { role, content: text } : { role, content: [{ type: 'text', text }] },
  );
}

function responseFormat(format: unknown, schema: Value | undefined): Settings['responseFormat'] {
  const wanted = typeof format === 'object' && format !== null && 'type' in format ? format.type : format;
  if (wanted === 'json_object' || wanted === 'JSON' || wanted === 'json') return { type: 'json' };
  if (wanted !== 'json_schema') return undefined;
  const parsed: unknown = typeof schema === 'string' ? JSON.parse(schema) : schema;
  if (typeof parsed !== 'object' || parsed === null) return { type: 'json' };
  // Files hold either the bare schema or OpenAI's envelope around it.
  const bare = 'schema' in parsed && !('type' in parsed) ? parsed.schema : parsed;
  return { type: 'json', schema: bare as NonNullable<Extract<Settings['responseFormat'], { type: 'json' }>['schema']> };
}

function plain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
