import type { ProviderAccess } from './access.js';
import { addressName, apiKeyName, parseServiceAccount, pick, type Credentials } from './credentials.js';

const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Azure OpenAI: the resource's address and key; a model's name is that of its deployment. */
export function resolveAzure(provider: string, credentials: Credentials): ProviderAccess | string {
  const apiKey = pick(credentials, apiKeyName);
  const address = pick(credentials, addressName);
  if (apiKey === undefined) return `Model provider ${provider} has no API key.`;
  if (address === undefined) return `Model provider ${provider} has no endpoint URL.`;
  const apiVersion = pick(credentials, /(^|_)api_version$/) ?? '2024-10-21';
  const root = address.replace(/(?<!\/)\/+$/, '').replace(/\/openai(\/v1)?$/, '');
  const baseUrl = apiVersion === 'v1' ? `${root}/openai/v1` : `${root}/openai`;
  const baseModel = pick(credentials, /^base_model_name$/);
  return { provider, protocol: 'azure', baseUrl, apiKey, apiVersion, baseModel };
}

/** Amazon Bedrock: AWS keys or a Bedrock API key, and a region. */
export function resolveBedrock(provider: string, credentials: Credentials): ProviderAccess | string {
  const region = pick(credentials, /(^|_)region$/) ?? 'us-east-1';
  if (!hostLabel.test(region)) return `Model provider ${provider} has no valid AWS region.`;
  const accessKeyId = pick(credentials, /(^|_)access_key_id$/);
  const secretAccessKey = pick(credentials, /(^|_)secret_access_key$/);
  const apiKey = pick(credentials, apiKeyName);
  const baseUrl = pick(credentials, addressName) ?? `https://bedrock-runtime.${region}.amazonaws.com`;
  const modelName = pick(credentials, /^inference_profile_id$/);
  const common = { provider, protocol: 'bedrock', baseUrl, modelName, region } as const;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    const sessionToken = pick(credentials, /(^|_)session_token$/);
    return { ...common, login: { accessKeyId, secretAccessKey, sessionToken } };
  }
  // The worker's own AWS identity is not the tenant's: it is never used.
  return apiKey === undefined ? `Model provider ${provider} has no AWS access keys.` : { ...common, login: { apiKey } };
}

/** Google Vertex AI: a service account's key (text or base64) or an API key of its express mode. */
export function resolveVertex(provider: string, credentials: Credentials): ProviderAccess | string {
  const keyFile = pick(credentials, /(^|_)service_account_key$/);
  const apiKey = pick(credentials, apiKeyName);
  const account = keyFile === undefined ? undefined : parseServiceAccount(keyFile);
  const project = pick(credentials, /(^|_)project(_id)?$/) ?? account?.projectId ?? '';
  const location = pick(credentials, /^(vertex_)?location$/) ?? 'us-central1';
  if (!hostLabel.test(location)) return `Model provider ${provider} has no valid location.`;
  const baseUrl = pick(credentials, addressName) ?? '';
  const common = { provider, protocol: 'vertex', baseUrl, project, location } as const;
  if (account) return project === '' ? `Model provider ${provider} has no project id.` : { ...common, login: account };
  if (keyFile !== undefined) return `The service account key of model provider ${provider} can't be read.`;
  return apiKey === undefined
    ? `Model provider ${provider} has no service account key.`
    : { ...common, login: { apiKey } };
}
