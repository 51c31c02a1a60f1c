import type { ModelMessage } from '@millrace/contracts';
import type { ProviderAccess } from './access.js';

/** Well-known models that read text only; files of their prompts are left out (dsl 4.6). Unknown ones say so themselves. */
const textOnly: Record<string, RegExp> = {
  openai: /^(gpt-3\.5|gpt-4(-32k)?(-\d{4})?$|gpt-4(-\d{4})?-preview$|o1-(mini|preview)|o3-mini|text-|davinci|babbage)/,
  anthropic: /^claude-(2|instant)/,
  deepseek: /^deepseek-(chat|reasoner|coder|v3|r1)/,
  cohere: /^(?!.*vision)/,
  mistral: /^(codestral|ministral-.*-2410|mistral-(7b|nemo|tiny)|open-)/,
};

/** Whether a model takes other content than text. */
export function takesFiles(access: ProviderAccess, model: string): boolean {
  if (access.protocol === 'azure') return !textOnly['openai']?.test(access.baseModel ?? model);
  return !textOnly[access.provider]?.test(model);
}

export const withoutFiles = ({ role, text }: ModelMessage): ModelMessage => ({ role, text });
