/** Wire protocol of a provider. */
export type Protocol = 'openai' | 'openai-compatible' | 'anthropic' | 'google';

/** What is needed to reach a provider for one tenant. */
export interface ProviderAccess {
  protocol: Protocol;
  /** Last segment of the provider's name. */
  provider: string;
  baseUrl: string;
  apiKey: string | undefined;
  organization: string | undefined;
}

/** Hosts of providers that speak OpenAI's protocol, for credentials without an address. */
const compatibleHosts: Record<string, string> = {
  deepseek: 'https://api.deepseek.com/v1',
  groq: 'https://api.groq.com/openai/v1',
  mistralai: 'https://api.mistral.ai/v1',
  moonshot: 'https://api.moonshot.cn/v1',
  openrouter: 'https://openrouter.ai/api/v1',
  togetherai: 'https://api.together.xyz/v1',
  tongyi: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
  x: 'https://api.x.ai/v1',
  zhipuai: 'https://open.bigmodel.cn/api/paas/v4',
};

export const openaiUrl = 'https://api.openai.com/v1';

/** Providers with protocols of their own that are not spoken here. */
const unsupported = new Set(['azure_openai', 'bedrock', 'sagemaker', 'vertex_ai', 'watsonx', 'wenxin']);

/** The last segment of a provider's name: `langgenius/openai/openai` → `openai`. */
export function shortProviderName(provider: string): string {
  return provider.split('/').at(-1) ?? provider;
}

/** The secrets among credentials, longest first, to be blotted out of messages. */
export function secretsOf(credentials: Record<string, string>): string[] {
  const isPublic = (name: string) => /(url|endpoint|base|organization|model|mode|version|region)$/.test(name);
  const values = Object.entries(credentials).flatMap(([name, value]) => (isPublic(name) ? [] : [value.trim()]));
  return values.filter((value) => value.length >= 4).sort((a, b) => b.length - a.length);
}

/**
 * Reads credentials under our names (`api_key`, `base_url`) or Dify's (`openai_api_key`, `endpoint_url`, …).
 * Returns the reason as text when the provider can't be reached with them.
 */
export function resolveAccess(provider: string, credentials: Record<string, string>): ProviderAccess | string {
  const name = shortProviderName(provider);
  if (unsupported.has(name)) return `Model provider ${name} is not supported.`;
  const apiKey = pick(credentials, /(^|_)api_?key$/);
  const address = pick(credentials, /(^|_)(base_url|api_base|api_url|endpoint_url|endpoint)$/);
  const organization = pick(credentials, /(^|_)organization$/);
  const common = { provider: name, apiKey, organization };
  const keyMissing = apiKey === undefined ? `Model provider ${name} has no API key.` : undefined;
  if (name === 'anthropic') {
    const baseUrl = withVersion(address ?? 'https://api.anthropic.com', 'v1');
    return keyMissing ?? { ...common, protocol: 'anthropic', baseUrl };
  }
  if (name === 'google' || name === 'gemini') {
    const baseUrl = withVersion(address ?? 'https://generativelanguage.googleapis.com', 'v1beta');
    return keyMissing ?? { ...common, protocol: 'google', baseUrl };
  }
  if (name === 'openai') {
    const baseUrl = withVersion(address ?? openaiUrl, 'v1');
    // Other hosts get every parameter of the file as it is, and need not know OpenAI's newest fields.
    return keyMissing ?? { ...common, protocol: baseUrl === openaiUrl ? 'openai' : 'openai-compatible', baseUrl };
  }
  const known = compatibleHosts[name];
  if (address === undefined && known === undefined) return `Model provider ${name} has no endpoint URL.`;
  if (known !== undefined && keyMissing !== undefined) return keyMissing;
  const literal = credentials['endpoint_url'] !== undefined && hasPath(address);
  const baseUrl = literal ? trimmed(address ?? '') : withVersion(address ?? known ?? '', 'v1');
  return { ...common, protocol: 'openai-compatible', baseUrl };
}

function pick(credentials: Record<string, string>, name: RegExp): string | undefined {
  const found = Object.entries(credentials).find(([key, value]) => name.test(key) && value.trim() !== '');
  return found?.[1].trim();
}

function trimmed(address: string): string {
  return address.replace(/\/+$/, '').replace(/\/(chat\/completions|completions|messages)$/, '');
}

/** Adds the API version where the address names none. */
function withVersion(address: string, version: string): string {
  const base = trimmed(address);
  return /\/v\d[a-z0-9]*(\/|$)/.test(base) ? base : `${base}/${version}`;
}

/** `endpoint_url` is taken literally (as Dify does) when it has a path. */
function hasPath(address: string | undefined): boolean {
  return address !== undefined && URL.canParse(address) && new URL(address).pathname.length > 1;
}
