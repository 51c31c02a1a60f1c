import type { Protocol } from './catalog.js';

/** Keys under which the client library looks for a protocol's own options. */
const optionKeys: Partial<Record<Protocol, string>> = { azure: 'openai', vertex: 'google' };

/** Parameters of a request that only we set. */
const reserved = new Set(['model', 'messages', 'prompt', 'stream', 'stream_options']);

type Options = Record<string, unknown>;

/**
 * Puts parameters that not every protocol knows into the options of the provider's client: compatible servers get them as they are,
 * others in the library's spelling, and what a protocol does not know is left out by its client.
 */
export function ownOptions(params: Options, protocol: Protocol, provider: string): Record<string, Options> {
  const entries = Object.entries(params).filter(([name]) => !reserved.has(name));
  const spelled = protocol === 'openai-compatible' ? entries : entries.map(([name, value]) => [camelCase(name), value]);
  const own = withReasoning(Object.fromEntries(spelled) as Options, protocol);
  if (Object.keys(own).length === 0) return {};
  return { [protocol === 'openai-compatible' ? provider : (optionKeys[protocol] ?? protocol)]: own };
}

/** Dify's switches for reasoning, in the words of each API. */
function withReasoning(options: Options, protocol: Protocol): Options {
  switch (protocol) {
    case 'anthropic': {
      const { thinking, thinkingBudget, ...rest } = options;
      if (typeof thinking === 'object' && thinking !== null) return { ...rest, thinking };
      return isOn(thinking) ? { ...rest, thinking: { type: 'enabled', ...budget(thinkingBudget) } } : rest;
    }
    case 'bedrock': {
      const { reasoningType, reasoningBudget, ...rest } = options;
      if (!isOn(reasoningType)) return rest;
      return { ...rest, reasoningConfig: { type: 'enabled', ...budget(reasoningBudget) } };
    }
    case 'google':
    case 'vertex': {
      const { thinkingBudget, thinkingLevel, includeThoughts, ...rest } = options;
      const thinkingConfig = clean({ thinkingBudget, thinkingLevel, includeThoughts });
      return Object.keys(thinkingConfig).length > 0 ? { ...rest, thinkingConfig } : rest;
    }
    default:
      return options;
  }
}

const isOn = (value: unknown): boolean => value === true || value === 'true' || value === 'enabled';
const budget = (tokens: unknown): Options => (typeof tokens === 'number' ? { budgetTokens: tokens } : {});
const clean = (options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
