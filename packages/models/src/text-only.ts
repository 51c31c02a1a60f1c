import type { ProviderAccess } from './access.js';
import { canonicalName } from './catalog.js';
import type { Credentials } from './credentials.js';

const openai =
  /^(gpt-3\.5|gpt-4$|gpt-4-(0314|0613|32k|1106-preview|0125-preview|turbo-preview)|o1-(mini|preview)|o3-mini|davinci|babbage|text-)/;

/**
 * Models that are known to read nothing but text, by provider: well-known names, no complete list. What is not listed is
 * taken to read what its API carries: leaving out a file that a model could have seen would be worse than its refusal.
 */
const textOnly: Partial<Record<string, RegExp>> = {
  openai,
  azure_openai: openai,
  anthropic: /^claude-(2|instant)/,
  google: /^gemini-(1\.0-)?pro$/,
  deepseek: /^deepseek-(chat|reasoner|coder)/,
  mistralai: /^(codestral|open-mistral|open-mixtral|mistral-tiny|mistral-large-24)/,
  groq: /^(llama-3\.[13]-|llama3-|gemma2?-|mixtral-|openai\/gpt-oss-)/,
  x: /^grok-(beta$|2-1212|3)/,
  cohere: /^command(-light|-nightly|-r|$)/,
  bedrock:
    /(^|\.)(anthropic\.claude-(v2|instant)|amazon\.(titan-text|nova-micro)|meta\.llama3-([013]-)?\d+b|cohere\.command|mistral\.(mistral-7b|mixtral))/,
};

/** Whether a model reads text only: as its credentials say (Dify's `vision_support`), or as is known of it. */
export function readsTextOnly(access: ProviderAccess, credentials: Credentials, model: string): boolean {
  const declared = credentials['vision_support'];
  if (declared) return declared === 'no_support';
  const name = access.protocol === 'azure' ? (access.baseModel ?? model) : model;
  return textOnly[canonicalName(access.provider)]?.test(name) ?? false;
}
