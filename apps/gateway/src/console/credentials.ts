import { ApiError, type ValueObject } from '@millrace/contracts';
import { providerKey } from '@millrace/store';
import type { RequestHandler } from 'express';
import { readJsonObject } from '../http/body.js';
import { callerOf } from './caller.js';
import { optionalObject } from './fields.js';
import type { ConsoleApiDeps } from './router.js';

/** `POST workspaces/current/model-providers/{provider}/credentials`: saving calls nobody. */
export const saveCredentials =
  ({ store, bodyLimitBytes }: ConsoleApiDeps): RequestHandler =>
  async (req, res) => {
    const provider = parseProvider(req.params['provider']);
    const credentials = parseCredentials(await readJsonObject(req, bodyLimitBytes));
    await store.credentials.save(callerOf(res).tenantId, provider, credentials);
    res.status(201).json({ result: 'success' });
  };

/** `GET workspaces/current/model-providers`: those with credentials, which are never shown. */
export const listProviders =
  ({ store }: ConsoleApiDeps): RequestHandler =>
  async (_req, res) => {
    const providers = await store.credentials.providers(callerOf(res).tenantId);
    res.json({ data: providers.map((provider) => ({ provider, custom_configuration: { status: 'active' } })) });
  };

const providerPattern = /^[\w.-]{1,100}(\/[\w.-]{1,100}\/[\w.-]{1,100})?$/;

/** `openai` and `langgenius/openai/openai` are the same provider. */
function parseProvider(segments: string | string[] | undefined): string {
  const named = [segments ?? []].flat().join('/');
  if (providerPattern.test(named)) return providerKey(named);
  throw new ApiError('invalid_param', "The provider must be named like 'openai' or 'langgenius/openai/openai'.");
}

/** Field names are kept as given: providers know Dify's as well as ours. */
function parseCredentials(body: ValueObject): Record<string, string> {
  const given = optionalObject(body, 'credentials');
  if (!given) throw new ApiError('invalid_param', 'credentials must be an object.');
  const credentials: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === null) continue;
    if (typeof value !== 'string') throw new ApiError('invalid_param', `credentials.${name} must be a string.`);
    credentials[name] = value.trim();
  }
  if (Object.keys(credentials).length === 0) throw new ApiError('invalid_param', 'credentials must not be empty.');
  return credentials;
}
