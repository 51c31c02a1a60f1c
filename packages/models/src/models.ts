import {
  ModelError,
  noPromptFound,
  type CredentialSource,
  type ModelAnswer,
  type ModelInvoker,
  type ModelRequest,
  type Outbound,
} from '@millrace/contracts';
import { bindToSpan, withResendCount, type Span } from '@millrace/telemetry';
import type { ProviderAccess } from './access.js';
import { readAnswer, type Listener } from './answer.js';
import { toSettings } from './call-options.js';
import { shortProviderName } from './catalog.js';
import { createClient, type ProviderClient } from './clients.js';
import { answeredChat, withChatSpan } from './chat-span.js';
import { secretsOf, type Credentials } from './credentials.js';
import { toPrompt, withSchemaInstruction } from './messages.js';
import { priceOf, type PriceOverrides } from './prices.js';
import { toModelError } from './provider-error.js';
import { resolveAccess } from './resolve-access.js';
import { decideRetry, wait } from './retry.js';
import { schemaSupport } from './schema-support.js';
import { readsTextOnly } from './text-only.js';
import { buildUsage } from './usage.js';

/** Credential sets whose client is kept. */
const maxClients = 256;
const defaultRetries = 2;

export interface ModelsOptions {
  outbound: Pick<Outbound, 'fetch'>;
  credentials: CredentialSource;
  /** Prices that win over the list prices. */
  prices?: PriceOverrides;
}

/** Builds the port to model providers; docs/models.md lists them. */
export function createModels({ outbound, credentials, prices = {} }: ModelsOptions): ModelInvoker {
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

  async function attempt(request: ModelRequest, saved: Credentials, access: ProviderAccess, listener: Listener) {
    const { mode, outputSchema, signal } = request;
    const { protocol, provider } = access;
    const model = access.modelName ?? request.model;
    const support = outputSchema && schemaSupport(access, saved, model);
    if (support === 'none') {
      throw new ModelError('LLMNodeError', `Structured output is not supported by model ${request.model}`);
    }
    const schema = support === 'native' ? outputSchema : undefined;
    const messages =
      outputSchema && !schema ? withSchemaInstruction(request.messages, mode, outputSchema) : request.messages;
    const prompt = toPrompt(messages, mode, protocol);
    if (prompt.length === 0) throw new ModelError('NoPromptFoundError', noPromptFound);
    const client = await clientFor(access);
    const { stream } = await client[mode](model).doStream({
      ...toSettings(request.params, { protocol, provider, schema }),
      prompt,
      abortSignal: signal,
      headers: { 'idempotency-key': request.executionId },
    });
    return readAnswer(stream, listener);
  }

  async function invoke(request: ModelRequest): Promise<ModelAnswer> {
    const provider = shortProviderName(request.provider);
    const saved = await credentials.credentials(request.tenantId, provider);
    if (!saved) throw notInitialized(`Model provider ${provider} has no credentials. Please add them for this tenant.`);
    const access = resolveAccess(provider, saved);
    if (typeof access === 'string') throw notInitialized(access);
    const shown = readsTextOnly(access, saved, request.model) ? withoutFiles(request) : request;
    // What hears the text is no part of the call.
    const heard = shown.onDelta ? { ...shown, onDelta: bindToSpan(shown.onDelta) } : shown;
    return withChatSpan(request, access, (span) => repeatedly(heard, provider, saved, access, span));
  }

  /** The call and its repetitions after transient failures. */
  async function repeatedly(
    request: ModelRequest,
    provider: string,
    saved: Credentials,
    access: ProviderAccess,
    span: Span,
  ): Promise<ModelAnswer> {
    const { signal, maxRetries = defaultRetries } = request;
    const priced = access.protocol === 'azure' ? (access.baseModel ?? request.model) : request.model;
    for (let number = 1; ; number += 1) {
      const startedAt = performance.now();
      let firstTextMs: number | undefined;
      try {
        const onText = (piece: string) => {
          firstTextMs ??= performance.now() - startedAt;
          request.onDelta?.(piece);
        };
        const listener = { onText, onFile: request.onFile && keeping(request.onFile) };
        const answer = await withResendCount(number - 1, () => attempt(request, saved, access, listener));
        const { text, finishReason, promptTokens, completionTokens } = answer;
        answeredChat(span, answer, firstTextMs);
        const totalMs = performance.now() - startedAt;
        const usage = buildUsage(priceOf(provider, priced, prices), {
          promptTokens,
          completionTokens,
          totalMs,
          firstTextMs,
        });
        return { text, finishReason, usage };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof NotKept) throw error.cause;
        const failure = toModelError(error, provider, secretsOf(saved), Date.now());
        const streamed = firstTextMs !== undefined;
        const waitMs = decideRetry({ failure, attempt: number, maxRetries, streamed, random: Math.random() });
        if (waitMs === undefined) throw failure;
        await wait(waitMs, signal);
      }
    }
  }

  return { invoke };
}

/** A file could not be kept: no failure of the model's. */
class NotKept extends Error {}

const keeping =
  (keep: NonNullable<ModelRequest['onFile']>): NonNullable<ModelRequest['onFile']> =>
  async (file) => {
    try {
      return await keep(file);
    } catch (cause) {
      throw new NotKept('A file of the answer could not be kept', { cause });
    }
  };

const withoutFiles = (request: ModelRequest): ModelRequest => ({
  ...request,
  messages: request.messages.map(({ role, text }) => ({ role, text })),
});

function notInitialized(message: string): ModelError {
  return new ModelError('InvokeAuthorizationError', message, { apiCode: 'provider_not_initialize' });
}
