import type { ProviderAccess } from './access.js';
import { canonicalName, findProvider } from './catalog.js';
import type { Credentials } from './credentials.js';

/**
 * How a model is asked for an answer that fits a JSON schema: its API takes one, it is told in words, or not at all, because it is
 * known to have no such feature.
 */
export type SchemaSupport = 'native' | 'words' | 'none';

/** OpenAI's models from before JSON schemas. */
const withoutSchema = /^(gpt-3\.?5|gpt-4($|-)|gpt-4o-2024-05|chatgpt-4o|o1-mini|o1-preview|text-|davinci|babbage)/;

/**
 * A model that declares features must declare this one (dsl 4.6): in its credentials, as Dify's plugins have them, or by its name, where
 * that says which model it is. Of the others nothing is known, and they are told in words.
 */
export function schemaSupport(access: ProviderAccess, credentials: Credentials, model: string): SchemaSupport {
  const declared = credentials['structured_output_support'];
  if (declared) return declared === 'supported' ? 'native' : 'none';
  const { provider, protocol } = access;
  const isOld = isOpenai(access) && withoutSchema.test(protocol === 'azure' ? (access.baseModel ?? model) : model);
  if (takesSchema(provider) && !isOld) return 'native';
  // At an address of a user's own, and as a deployment, a name may stand for any model.
  const isNamed = isOld && (protocol === 'openai' || (protocol === 'azure' && access.baseModel !== undefined));
  return isNamed || declaresFeatures(credentials) ? 'none' : 'words';
}

const isOpenai = ({ provider, protocol }: ProviderAccess): boolean => protocol === 'azure' || provider === 'openai';

/** A compatible server is not trusted to take a schema, except one that stands in for a provider that does. */
const takesSchema = (provider: string): boolean =>
  findProvider(provider)?.protocol !== 'openai-compatible' || canonicalName(provider) === 'x';

const features = /^(vision|video|audio|document|agent_thought|function_call)_support$/;
const declarations = new Set(['support', 'supported', 'only_thinking_supported', 'true', 'tool_call', 'function_call']);

const declaresFeatures = (credentials: Credentials): boolean =>
  Object.entries(credentials).some(
    ([name, value]) => (features.test(name) || name === 'function_calling_type') && declarations.has(value),
  );
