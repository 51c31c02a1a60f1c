import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { Outbound } from '@millrace/contracts';
import type { ProviderAccess } from './access.js';
import { createCompatible } from './compatible.js';
import { createVertexClient } from './vertex.js';

/** Makes model objects for one set of credentials. */
export interface ProviderClient {
  chat: (model: string) => LanguageModelV4;
  completion: (model: string) => LanguageModelV4;
}

/** Loads the client library on first use, so that a worker without models starts fast. */
export async function createClient(access: ProviderAccess, fetch: Outbound['fetch']): Promise<ProviderClient> {
  const { baseUrl: baseURL } = access;
  switch (access.protocol) {
    case 'openai-compatible':
      return createCompatible(access, fetch);
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai');
      const { organization } = access;
      const openai = createOpenAI({
        ...keyOf(access),
        baseURL,
        fetch,
        ...(organization !== undefined && { organization }),
      });
      const compatible = await createCompatible(access, fetch);
      return { chat: (model) => openai.chat(model), completion: compatible.completion };
    }
    case 'azure': {
      const { createAzure } = await import('@ai-sdk/azure');
      const { apiKey, apiVersion } = access;
      const azure = createAzure({ apiKey, baseURL, fetch, apiVersion, useDeploymentBasedUrls: apiVersion !== 'v1' });
      return { chat: (model) => azure.chat(model), completion: (model) => azure.completion(model) };
    }
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      return chatOnly(createAnthropic({ ...keyOf(access), baseURL, fetch }));
    }
    case 'google': {
      const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
      return chatOnly(createGoogleGenerativeAI({ ...keyOf(access), baseURL, fetch }));
    }
    case 'mistral': {
      const { createMistral } = await import('@ai-sdk/mistral');
      return chatOnly(createMistral({ ...keyOf(access), baseURL, fetch }));
    }
    case 'cohere': {
      const { createCohere } = await import('@ai-sdk/cohere');
      return chatOnly(createCohere({ ...keyOf(access), baseURL, fetch }));
    }
    case 'bedrock': {
      const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock');
      const { region, login } = access;
      // An empty key keeps the library from looking for one in the worker's environment.
      return chatOnly(createAmazonBedrock({ apiKey: '', ...definedOf(login), region, baseURL, fetch }));
    }
    case 'vertex':
      return createVertexClient(access, fetch);
  }
}

/** For APIs without text completion: the prompt is one user message. */
const chatOnly = (model: (name: string) => LanguageModelV4): ProviderClient => ({ chat: model, completion: model });

const keyOf = ({ apiKey }: { apiKey: string | undefined }): { apiKey?: string } =>
  apiKey === undefined ? {} : { apiKey };

/** Without the fields that are undefined, which a library may take for "look elsewhere". */
function definedOf<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}
