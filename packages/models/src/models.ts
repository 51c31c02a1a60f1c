import {
  ModelError,
  type CredentialSource,
  type ModelInvoker,
  type ModelRequest,
  type Outbound,
} from '@millrace/contracts';
import { readAnswer } from './answer.js';
import { toPrompt, toSettings } from './call-options.js';
import { resolveAccess, secretsOf, shortProviderName, type ProviderAccess } from './credentials.js';
import { toModelError } from './provider-error.js';
import { createClient, type ProviderClient } from './providers.js';
import { buildUsage } from './usage.js';

/** Credential sets whose client is kept. */
const maxClients = 256;

export interface ModelsOptions {
  outbound: Pick<Outbound, 'fetch'>;
  credentials: CredentialSource;
}

/** Builds the port to model providers: OpenAI, Anthropic, Google and whoever speaks OpenAI's protocol. */
export function createModels({ outbound, credentials }: ModelsOptions): ModelInvoker {
  const clients = new Map<string, Promise<ProviderClient>>();

  function clientFor(access: ProviderAccess): Promise<ProviderClient> {
    const key = JSON.stringify(access);
    const known = clients.get(key);
    const client = known ?? createClient(access, outbound.fetch);
    // Moves the entry to the end: the first one is always the longest unused.
    clients.delete(key);
    clients.set(key, client);
    for (const oldest of clients.keys()) {
      if (clients.size <= maxClients) break;
      clients.delete(oldest);
    }
    return client;
  }

  async function invoke(request: ModelRequest) {
    const { signal, model, mode } = request;
    const provider = shortProviderName(request.provider);
    const saved = await credentials.credentials(request.tenantId, provider);
    if (!saved) throw notInitialized(`Model provider ${provider} has no credentials. Please add them for this tenant.`);
    const access = resolveAccess(provider, saved);
    if (typeof access === 'string') throw notInitialized(access);
    const startedAt = performance.now();
    let firstTextMs: number | undefined;
    try {
      const client = await clientFor(access);
      const { stream } = await client[mode](model).doStream({
        ...toSettings(request.params, access.protocol, provider),
        prompt: toPrompt(request.messages, mode),
        abortSignal: signal,
        headers: { 'idempotency-key': request.executionId },
      });
      const answer = await readAnswer(stream, (text) => {
        firstTextMs ??= performance.now() - startedAt;
        request.onDelta?.(text);
      });
      const { text, finishReason, ...tokens } = answer;
      const totalMs = performance.now() - startedAt;
      return { text, finishReason, usage: buildUsage(provider, model, { ...tokens, totalMs, firstTextMs }) };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw toModelError(error, provider, secretsOf(saved), Date.now());
    }
  }

  return { invoke };
}

function notInitialized(message: string): ModelError {
  return new ModelError('InvokeAuthorizationError', message, { apiCode: 'provider_not_initialize' });
}
