import type { LanguageModelV4CallOptions } from '@ai-sdk/provider';
import type { Value, ValueObject } from '@millrace/contracts';
import { Float } from '@millrace/contracts';
import type { Protocol } from './catalog.js';
import { ownOptions } from './provider-options.js';

type Settings = Partial<Omit<LanguageModelV4CallOptions, 'prompt'>>;
type JsonFormat = Extract<NonNullable<LanguageModelV4CallOptions['responseFormat']>, { type: 'json' }>;

/** Parameters that every protocol knows, by the names that workflow files use. */
const common: Record<string, keyof Settings> = {
  temperature: 'temperature',
  top_p: 'topP',
  max_tokens: 'maxOutputTokens',
  num_predict: 'maxOutputTokens',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  seed: 'seed',
};

/** More of them, which compatible servers get by their own names. */
const translated: Record<string, keyof Settings> = {
  max_completion_tokens: 'maxOutputTokens',
  max_output_tokens: 'maxOutputTokens',
  max_tokens_to_sample: 'maxOutputTokens',
  top_k: 'topK',
};

export interface Call {
  protocol: Protocol;
  provider: string;
  /** Schema of the answer, for an API that takes one. */
  schema: Readonly<ValueObject> | undefined;
}

/**
 * Maps `completion_params` to call options; parameters of one provider only travel as its own options.
 * @throws Error when `json_schema` is no JSON
 */
export function toSettings(params: Readonly<ValueObject>, { protocol, provider, schema }: Call): Settings {
  const settings: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  for (const [name, raw] of Object.entries(params)) {
    if (raw === null || name === 'json_schema' || name === 'response_format') continue;
    const value = plain(raw);
    const setting = common[name] ?? (protocol === 'openai-compatible' ? undefined : translated[name]);
    if (setting) settings[setting] = value;
    else if (name === 'stop') settings['stopSequences'] = stopSequences(value);
    else own[name] = value;
  }
  const { format, strict } = schema
    ? { format: { type: 'json', schema: plain(schema), name: 'llm_response' } as JsonFormat, strict: false }
    : responseFormat(plain(params['response_format'] ?? null), params['json_schema']);
  if (format?.schema) own['strictJsonSchema'] = strict;
  const providerOptions = ownOptions(own, protocol, provider) as LanguageModelV4CallOptions['providerOptions'];
  return { ...settings, ...(format && { responseFormat: format }), ...(providerOptions && { providerOptions }) };
}

function stopSequences(value: unknown): unknown[] | undefined {
  const list = (Array.isArray(value) ? value : [value]).filter((each) => each !== '');
  return list.length > 0 ? list : undefined;
}

/** Strict schemas are OpenAI's dialect with rules of its own: only a file that asks for them gets them. */
function responseFormat(format: unknown, schemaText: Value | undefined): { format?: JsonFormat; strict: boolean } {
  const wanted = isRecord(format) ? format['type'] : format;
  if (wanted === 'json_object' || wanted === 'JSON' || wanted === 'json')
    return { format: { type: 'json' }, strict: false };
  if (wanted !== 'json_schema') return { strict: false };
  const parsed = parseSchema(schemaText ?? null);
  if (!parsed) return { format: { type: 'json' }, strict: false };
  // Files hold either the bare schema or OpenAI's envelope around it.
  const envelope = isRecord(parsed['schema']) && !('type' in parsed) ? parsed : undefined;
  const schema = (envelope?.['schema'] ?? parsed) as NonNullable<JsonFormat['schema']>;
  const name = envelope?.['name'];
  const format_: JsonFormat = { type: 'json', schema, ...(typeof name === 'string' && { name }) };
  return { format: format_, strict: envelope?.['strict'] === true };
}

function parseSchema(schema: Value): Record<string, unknown> | undefined {
  if (typeof schema !== 'string') {
    const value = plain(schema);
    return isRecord(value) ? value : undefined;
  }
  if (schema.trim() === '') return undefined;
  try {
    const value: unknown = JSON.parse(schema);
    return isRecord(value) ? value : undefined;
  } catch (error) {
    throw new Error('The parameter json_schema is not valid JSON', { cause: error });
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value as plain JSON, for libraries that know no floats of ours. */
export function plain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}
