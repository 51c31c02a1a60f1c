import type { Outbound } from '@millrace/contracts';
import type { ProviderAccess } from './access.js';
import type { ProviderClient } from './clients.js';
import { withNamedEnd } from './named-end.js';

/** OpenAI's protocol as others speak it: parameters travel as they are. */
export async function createCompatible(
  access: Extract<ProviderAccess, { organization: unknown }>,
  fetch: Outbound['fetch'],
): Promise<ProviderClient> {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const common = {
    name: access.provider,
    baseURL: access.baseUrl,
    includeUsage: true,
    ...(access.apiKey !== undefined && { apiKey: access.apiKey }),
    ...(access.organization !== undefined && { headers: { 'OpenAI-Organization': access.organization } }),
  };
  const named = withNamedEnd(fetch);
  const chat = createOpenAICompatible({ ...common, fetch: named, supportsStructuredOutputs: true });
  const completion = createOpenAICompatible({ ...common, fetch: withPlainPrompt(named) });
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
