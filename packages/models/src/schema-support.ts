import type { ProviderAccess } from './access.js';

/** OpenAI's models from before JSON schemas; they are asked in words. */
const withoutSchema = /^(gpt-3\.5|gpt-4($|-)|chatgpt-4o|o1-mini|o1-preview|text-|davinci|babbage)/;

/** Whether the API takes a JSON schema for the answer of this model. */
export function takesSchema(access: ProviderAccess, model: string): boolean {
  if (!access.takesSchema) return false;
  const name = access.protocol === 'azure' ? (access.baseModel ?? model) : model;
  const isOpenai = access.protocol === 'azure' || access.provider === 'openai';
  return !(isOpenai && withoutSchema.test(name));
}
