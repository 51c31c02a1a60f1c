import type { Selector } from '@millrace/contracts';
import { z } from 'zod';
import { configured, looseNumber, looseFlag, looseText, selector } from '../node-data.js';

const item = z.object({
  type: looseText,
  key: looseText,
  value: looseText,
  file: selector.nullish(),
});

const body = z
  .object({
    type: looseText,
    // Old files hold the text of the body itself.
    data: z.preprocess(
      (data) => (typeof data === 'string' ? [{ type: 'text', key: '', value: data }] : (data ?? [])),
      z.array(item),
    ),
  })
  .nullish();

/** Certificates are checked unless a file says no; null and absent leave it to the host. */
const verify = z.preprocess((value) => !(value === false || value === 'false' || value === 0), z.boolean());

const schema = z.object({
  method: looseText,
  url: looseText,
  authorization: z
    .object({
      type: looseText,
      config: z.object({ type: looseText, api_key: looseText, header: looseText }).nullish(),
    })
    .nullish(),
  headers: looseText,
  params: looseText,
  body,
  timeout: z.object({ connect: looseNumber, read: looseNumber, write: looseNumber }).nullish(),
  ssl_verify: verify,
  error_strategy: looseText,
  retry_config: z.object({ retry_enabled: looseFlag }).nullish(),
});

const methods = new Set(['get', 'head', 'post', 'put', 'delete', 'patch']);
const strategies = new Set(['fail-branch', 'default-value']);
/** Timers of the system can't count further than 24 days; no run lasts that long. */
const longestMs = 24 * 3_600_000;

export interface BodyItem {
  type: string;
  key: string;
  value: string;
  file?: Selector | null | undefined;
}

export const configureHttp = configured(schema, (config) => {
  const seconds = (value: number | undefined, fallback: number) =>
    Math.min((value && value > 0 ? value : fallback) * 1000, longestMs);
  const { authorization: auth, timeout } = config;
  return {
    method: config.method,
    isKnownMethod: methods.has(config.method.toLowerCase()),
    url: config.url,
    auth: auth?.type === 'api-key' ? (auth.config ?? ('incomplete' as const)) : undefined,
    headers: config.headers,
    params: config.params,
    body: config.body ? { type: config.body.type, data: config.body.data } : { type: 'none', data: [] },
    timeouts: {
      connectMs: seconds(timeout?.connect, 10),
      readMs: seconds(timeout?.read, 600),
      writeMs: seconds(timeout?.write, 600),
    },
    verifyTls: config.ssl_verify,
    /** Does a status other than 2xx fail the node? */
    failsOnStatus: strategies.has(config.error_strategy) || config.retry_config?.retry_enabled === true,
  };
});

export type HttpConfig = ReturnType<typeof configureHttp>;
