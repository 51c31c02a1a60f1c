import { isUuid, newId } from '@millrace/contracts';
import type { Database } from './database.js';
import type { AppKey as KeyRow } from './generated/client.js';
import type { SecretBox } from './secrets.js';
import { newToken, tokenHash } from './secrets.js';
import * as sql from './sql/app-keys.js';
import type { TenantStatus } from './tenants.js';

/** Most keys an app may have (service-api 1.2). */
export const maxAppKeys = 10;

export interface AppKeyRecord {
  id: string;
  /** In full: `app-` and 24 characters. */
  token: string;
  createdAtMs: number;
  lastUsedAtMs: number | null;
}

/** What a request's token stands for. */
export interface ResolvedKey {
  tenantId: string;
  appId: string;
  keyId: string;
  appMode: string;
  appStatus: string;
  enableApi: boolean;
  tenantStatus: TenantStatus;
}

export type CreateKeyResult =
  | { kind: 'created'; key: AppKeyRecord }
  /** The app has `maxAppKeys` keys already. */
  | { kind: 'limit' }
  | { kind: 'unknown-app' };

export interface AppKeyRepository {
  /**
   * Creates a key. With a `token` of one's own the call is idempotent: the app's key of that token is answered.
   * @throws when the token belongs to another app
   */
  create(tenantId: string, appId: string, options?: { token?: string }): Promise<CreateKeyResult>;
  /** Newest first. */
  list(tenantId: string, appId: string): Promise<AppKeyRecord[]>;
  delete(tenantId: string, appId: string, keyId: string): Promise<boolean>;
  /** Looks a token up (one indexed read); `undefined` when it is unknown. */
  resolve(token: string): Promise<ResolvedKey | undefined>;
  /** Notes that keys were used at `nowMs`. Meant to be called now and then for many, not per request. */
  markUsed(keyIds: readonly string[], nowMs: number): Promise<void>;
}

export function createAppKeyRepository(database: Database, secrets: SecretBox): AppKeyRepository {
  const { prisma } = database;
  const parse = (row: KeyRow): AppKeyRecord => ({
    id: row.id,
    token: secrets.open(row.sealed, `app-key:${row.id}`),
    createdAtMs: row.createdAt.getTime(),
    lastUsedAtMs: row.lastUsedAt?.getTime() ?? null,
  });

  return {
    async create(tenantId, appId, { token = newToken('app-', 24) } = {}) {
      if (!isUuid(tenantId) || !isUuid(appId)) return { kind: 'unknown-app' };
      return prisma.$transaction(async (tx): Promise<CreateKeyResult> => {
        // The app's row lock makes creators take turns, so that the limit holds.
        const apps = await tx.$queryRaw<{ id: string }[]>`
          SELECT id FROM apps WHERE id = ${appId}::uuid AND tenant_id = ${tenantId}::uuid FOR UPDATE`;
        if (apps.length === 0) return { kind: 'unknown-app' };
        const hash = tokenHash(token);
        const existing = await tx.appKey.findUnique({ where: { hash } });
        if (existing?.appId === appId) return { kind: 'created', key: parse(existing) };
        if (existing) throw new Error('This token is the key of another app.');
        if ((await tx.appKey.count({ where: { appId } })) >= maxAppKeys) return { kind: 'limit' };
        const id = newId();
        const data = { id, tenantId, appId, hash, sealed: secrets.seal(token, `app-key:${id}`) };
        return { kind: 'created', key: parse(await tx.appKey.create({ data })) };
      });
    },

    async list(tenantId, appId) {
      if (!isUuid(tenantId) || !isUuid(appId)) return [];
      const rows = await prisma.appKey.findMany({
        where: { tenantId, appId },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      });
      return rows.map(parse);
    },

    async delete(tenantId, appId, keyId) {
      if (![tenantId, appId, keyId].every(isUuid)) return false;
      return (await prisma.appKey.deleteMany({ where: { id: keyId, tenantId, appId } })).count > 0;
    },

    async resolve(token) {
      const [row] = await database.query<ResolvedKey>(sql.resolveKey, [tokenHash(token)]);
      return row;
    },

    async markUsed(keyIds, nowMs) {
      await prisma.appKey.updateMany({ where: { id: { in: [...keyIds] } }, data: { lastUsedAt: new Date(nowMs) } });
    },
  };
}
