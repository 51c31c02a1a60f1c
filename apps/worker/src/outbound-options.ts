import { readFileSync } from 'node:fs';
import type { OutboundOptions } from '@millrace/outbound';
import type { readEnv } from './env.js';

/** How requests leave this worker. @throws Error when the CA file can't be read */
export function outboundOptions(env: ReturnType<typeof readEnv>): OutboundOptions {
  return {
    allowCidrs: env.OUTBOUND_ALLOW_CIDRS,
    proxies: { http: env.HTTP_PROXY, https: env.HTTPS_PROXY, bypass: env.NO_PROXY, guards: env.OUTBOUND_PROXY_GUARDS },
    ...(env.OUTBOUND_CA_FILE !== undefined && { ca: readFileSync(env.OUTBOUND_CA_FILE, 'utf8') }),
  };
}
