import type { Outbound } from '@millrace/contracts';
import type { ProviderAccess } from './access.js';
import type { ProviderClient } from './clients.js';

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];

/** Gemini, and Claude by its `claude-…` names, on Vertex AI. The token is fetched through the guarded client too. */
export async function createVertexClient(
  access: Extract<ProviderAccess, { protocol: 'vertex' }>,
  fetch: Outbound['fetch'],
): Promise<ProviderClient> {
  const { login, project, location, baseUrl } = access;
  // An empty key keeps the library from looking for one in the worker's environment.
  const common = { project, location, fetch, apiKey: '', ...(baseUrl !== '' && { baseURL: baseUrl }) };
  const { createGoogleVertex } = await import('@ai-sdk/google-vertex');
  if ('apiKey' in login) {
    const express = createGoogleVertex({ ...common, apiKey: login.apiKey });
    return { chat: express, completion: express };
  }
  const { JWT } = await import('google-auth-library');
  const transporterOptions = { fetchImplementation: fetch };
  const authClient = new JWT({ email: login.email, key: login.privateKey, scopes, transporterOptions });
  const google = createGoogleVertex({ ...common, googleAuthOptions: { authClient } });
  const { createGoogleVertexAnthropic } = await import('@ai-sdk/google-vertex/anthropic');
  const anthropic = createGoogleVertexAnthropic({ project, location, fetch, googleAuthOptions: { authClient } });
  const model = (name: string) => (name.startsWith('claude-') ? anthropic(name) : google(name));
  return { chat: model, completion: model };
}
