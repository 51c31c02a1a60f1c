import { readFileSync } from 'node:fs';
import type { EnvValues, outboundEnv } from '@millrace/config';
import type { OutboundOptions } from './outbound.js';

/** How requests leave a process, as its environment has it. @throws Error when the CA file can't be read */
export function outboundOptions(env: EnvValues<typeof outboundEnv>): OutboundOptions {
  return {
    allowCidrs: env.OUTBOUND_ALLOW_CIDRS,
    traceHosts: env.OUTBOUND_TRACE_HOSTS,
    proxies: { http: env.HTTP_PROXY, https: env.HTTPS_PROXY, bypass: env.NO_PROXY, guards: env.OUTBOUND_PROXY_GUARDS },
    ...(env.OUTBOUND_CA_FILE !== undefined && { ca: readFileSync(env.OUTBOUND_CA_FILE, 'utf8') }),
  };
}
