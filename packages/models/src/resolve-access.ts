import type { ProviderAccess } from './access.js';
import { findProvider, shortProviderName, type CatalogEntry, type KeyedProtocol } from './catalog.js';
import { resolveAzure, resolveBedrock, resolveVertex } from './cloud-access.js';
import { addressName, apiKeyName, pick, type Credentials } from './credentials.js';

type KeyedEntry = CatalogEntry & { protocol: KeyedProtocol };

/**
 * Reads credentials under our names (`api_key`, `base_url`) or Dify's (`openai_api_key`, `endpoint_url`, …).
 * Returns the reason as text when the provider can't be reached with them.
 */
export function resolveAccess(providerName: string, credentials: Credentials): ProviderAccess | string {
  const provider = shortProviderName(providerName);
  const entry = findProvider(provider);
  if (!entry) return `Model provider ${provider} is not supported.`;
  switch (entry.protocol) {
    case 'azure':
      return resolveAzure(provider, credentials);
    case 'bedrock':
      return resolveBedrock(provider, credentials);
    case 'vertex':
      return resolveVertex(provider, credentials);
    default:
      return resolveKeyed(provider, { ...entry, protocol: entry.protocol }, credentials);
  }
}

/** Providers that want a key and perhaps an address. */
function resolveKeyed(provider: string, entry: KeyedEntry, credentials: Credentials): ProviderAccess | string {
  const apiKey = pick(credentials, apiKeyName);
  const address = pick(credentials, addressName);
  if (apiKey === undefined && !entry.keyless) return `Model provider ${provider} has no API key.`;
  const known = /^(true|1|yes)$/i.test(credentials['use_international_endpoint'] ?? '')
    ? (entry.internationalUrl ?? entry.baseUrl)
    : entry.baseUrl;
  if (address === undefined && known === undefined) return `Model provider ${provider} has no endpoint URL.`;
  const given = address === undefined ? undefined : baseOf(address, entry, credentials);
  const baseUrl = given ?? known ?? '';
  // Other hosts get every parameter of the file as it is, and need not know OpenAI's newest fields.
  const foreign = entry.protocol === 'openai' && baseUrl !== entry.baseUrl;
  const protocol: KeyedProtocol = foreign ? 'openai-compatible' : entry.protocol;
  const organization = pick(credentials, /(^|_)organization$/);
  const modelName = pick(credentials, /^(endpoint_model_name|endpoint_id)$/);
  const common = { provider, baseUrl, modelName, apiKey, organization };
  return { ...common, protocol };
}

const versions: Partial<Record<string, string>> = { google: 'v1beta', cohere: 'v2' };

function baseOf(address: string, entry: CatalogEntry, credentials: Credentials): string {
  const base = address.replace(/(?<!\/)\/+$/, '').replace(/\/(chat\/completions|completions|messages|chat)$/, '');
  // `endpoint_url` is taken literally (as Dify does) when it has a path, and so is the address of a provider that has no version in its own.
  const literal = credentials['endpoint_url'] !== undefined && hasPath(base);
  const unversioned = entry.baseUrl !== undefined && !hasVersion(entry.baseUrl);
  return literal || unversioned || hasVersion(base) ? base : `${base}/${versions[entry.protocol] ?? 'v1'}`;
}

function hasVersion(address: string): boolean {
  return /\/v\d[a-z0-9]*(\/|$)/.test(address);
}

function hasPath(address: string): boolean {
  return URL.canParse(address) && new URL(address).pathname.length > 1;
}
