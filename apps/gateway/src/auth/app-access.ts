import type { Store } from '@millrace/store';
import { createKeyCache, type KeyCacheOptions } from './key-cache.js';
import type { AppAccess, FindAppAccess } from './ports.js';

/** Time between two notes of which keys were used. */
const noteUseMs = 30_000;

export interface AppAccessLookup {
  find: FindAppAccess;
  /** Forgets what is remembered of a tenant: one of its keys, apps or versions changed. */
  forget: (tenantId: string) => void;
  close(): void;
}

/** Looks app keys up in Postgres, at most once a second per key and gateway. */
export function createAppAccess(
  { appKeys, versions }: Pick<Store, 'appKeys' | 'versions'>,
  onError: (error: unknown) => void,
  options?: KeyCacheOptions,
): AppAccessLookup {
  const used = new Set<string>();

  const load = async (token: string): Promise<AppAccess | undefined> => {
    const key = await appKeys.resolve(token);
    if (!key) return undefined;
    used.add(key.keyId);
    const version = await versions.publishedRef(key.tenantId, key.appId);
    return { ...key, published: version && { id: version.id, label: version.version } };
  };
  const cache = createKeyCache(load, options);

  const noteUse = setInterval(() => {
    if (used.size === 0) return;
    const keyIds = [...used];
    used.clear();
    appKeys.markUsed(keyIds, Date.now()).catch(onError);
  }, noteUseMs).unref();

  return {
    find: (token) => cache.get(token),
    forget: (tenantId) => cache.forget((access) => access.tenantId === tenantId),
    close: () => clearInterval(noteUse),
  };
}
