import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FileLinks, FileOrigin, FileOwner } from '@millrace/contracts';

/** What a link carries in its query. */
export interface LinkSignature {
  timestamp: string;
  nonce: string;
  sign: string;
}

export interface SignedLinks extends FileLinks {
  /** Whether a link to a file of this owner was signed here and is still good. */
  verify(owner: FileOwner, fileId: string, signature: LinkSignature): boolean;
}

export interface LinkOptions {
  /** MILLRACE_SECRET_KEY. */
  secretKey: string;
  /** Earlier values of it: links that they signed are good for their time. Default none. */
  olderSecretKeys?: readonly string[];
  /** How long a link is good. Default 300 s. */
  lifetimeSeconds?: number;
  now?: () => number;
}

/** Clocks of gateways and workers may differ. */
const skewSeconds = 60;

/**
 * Links as in service-api 6.5. Each owner has a key of its own, so that a link signed in one owner's run (where a
 * file value may be forged) opens nothing of another's.
 */
export function createFileLinks(options: LinkOptions): SignedLinks {
  const { secretKey, olderSecretKeys = [], lifetimeSeconds = 300, now = Date.now } = options;
  const signature = (secret: string, { tenantId, appId, endUserId }: FileOwner, id: string, salt: [string, string]) => {
    const owner = [tenantId, appId, endUserId].join('|');
    const key = Buffer.from(hkdfSync('sha256', secret, 'millrace.file-links.v1', owner, 32));
    return createHmac('sha256', key)
      .update(`file-preview|${id}|${salt.join('|')}`)
      .digest();
  };

  return {
    sign(owner, { id, origin, extension }, base) {
      const timestamp = String(Math.floor(now() / 1000));
      const nonce = randomBytes(16).toString('hex');
      const sign = toUrlSafe(signature(secretKey, owner, id, [timestamp, nonce]).toString('base64'));
      const query = new URLSearchParams({ timestamp, nonce, sign }).toString();
      return `${base}/files/${linkPath(id, origin, extension)}?${query}`;
    },

    verify(owner, fileId, { timestamp, nonce, sign }) {
      if (!/^\d{1,12}$/.test(timestamp) || !/^[0-9a-f]{32}$/.test(nonce)) return false;
      const given = Buffer.from(sign, 'base64url');
      const isRight = (secret: string): boolean => {
        const right = signature(secret, owner, fileId, [timestamp, nonce]);
        return given.length === right.length && timingSafeEqual(given, right);
      };
      if (![secretKey, ...olderSecretKeys].some(isRight)) return false;
      const age = now() / 1000 - Number(timestamp);
      return age <= lifetimeSeconds && age >= -skewSeconds;
    },
  };
}

/** URL-safe, padding kept. */
const toUrlSafe = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_');

function linkPath(id: string, origin: FileOrigin, extension: string): string {
  if (origin === 'upload') return `${id}/file-preview`;
  // Only to please readers of the address; nobody looks at it.
  return `tools/${id}.${/^[a-z0-9]{1,16}$/i.test(extension) ? extension : 'bin'}`;
}
