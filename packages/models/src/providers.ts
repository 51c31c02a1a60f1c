import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { Outbound } from '@millrace/contracts';
import type { ProviderAccess } from './credentials.js';

/** Makes model objects for one set of credentials. */
export interface ProviderClient {
  chat: (model: string) => LanguageModelV4;
  completion: (model: string) => LanguageModelV4;
}

/** Loads the client library on first use, so that a worker without models starts fast. */
export async function createClient(access: ProviderAccess, fetch: Outbound['fetch']): Promise<ProviderClient> {
  const { apiKey, baseUrl: baseURL, organization } = access;
  const key = apiKey === undefined ? {} : { apiKey };
  switch (access.protocol) {
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      const anthropic = createAnthropic({ ...key, baseURL, fetch });
      return { chat: (model) => anthropic(model), completion: (model) => anthropic(model) };
    }
    case 'google': {
      const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
      const google = createGoogleGenerativeAI({ ...key, baseURL, fetch });
      return { chat: (model) => google(model), completion: (model) => google(model) };
    }
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai');
      const openai = createOpenAI({ ...key, baseURL, fetch, ...(organization !== undefined && { organization }) });
      const compatible = await createCompatible(access, fetch);
      return { chat: (model) => openai.chat(model), completion: compatible.completion };
    }
    case 'openai-compatible':
      return createCompatible(access, fetch);
  }
}

async function createCompatible(access: ProviderAccess, fetch: Outbound['fetch']): Promise<ProviderClient> {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const common = {
    name: access.provider,
    baseURL: access.baseUrl,
    includeUsage: true,
    ...(access.apiKey !== undefined && { apiKey: access.apiKey }),
    ...(access.organization !== undefined && { headers: { 'OpenAI-Organization': access.organization } }),
  };
  const chat = createOpenAICompatible({ ...common, fetch, supportsStructuredOutputs: true });
  const completion = createOpenAICompatible({ ...common, fetch: withPlainPrompt(fetch) });
  return { chat: (model) => chat.chatModel(model), completion: (model) => completion.completionModel(model) };
}

const dialogue = { start: 'user:\n', end: '\n\nassistant:\n', stop: '\nuser:' };

/** The library dresses a completion prompt up as a dialogue; workflows mean their text as it is. */
function withPlainPrompt(fetch: Outbound['fetch']): Outbound['fetch'] {
  return (input, init) => {
    if (typeof init?.body !== 'string') return fetch(input, init);
    const body = JSON.parse(init.body) as { prompt: string; stop?: string[] };
    if (body.prompt.startsWith(dialogue.start) && body.prompt.endsWith(dialogue.end)) {
      body.prompt = body.prompt.slice(dialogue.start.length, -dialogue.end.length);
    }
    const stop = body.stop?.filter((each) => each !== dialogue.stop);
    if (stop?.length) body.stop = stop;
    else delete body.stop;
    return fetch(input, { ...init, body: JSON.stringify(body) });
  };
}
