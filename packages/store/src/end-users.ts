import { createHash } from 'node:crypto';
import { fromColumn, toColumn } from './column-text.js';
import type { Database } from './database.js';
import * as sql from './sql/end-users.js';

export interface EndUserRecord {
  id: string;
  sessionId: string;
  isAnonymous: boolean;
  createdAtMs: number;
}

export interface EndUserRepository {
  /** Id of the end user, who is created on first sight. Writes only when this process has not seen the user yet. */
  ensure(tenantId: string, appId: string, sessionId: string): Promise<string>;
  get(tenantId: string, appId: string, endUserId: string): Promise<EndUserRecord | undefined>;
}

/** `user` of requests that may come without one and do. */
export const anonymousSessionId = 'DEFAULT-USER';

/** The id follows from who it is, so that nobody needs to look it up, and no two rows can mean the same. */
export const endUserId = (tenantId: string, appId: string, sessionId: string): string =>
  idOf(keyOf(tenantId, appId, sessionId));

const keyOf = (...who: [tenantId: string, appId: string, sessionId: string]): string => JSON.stringify(who);

function idOf(key: string): string {
  const hash = createHash('sha256').update(key).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80; // UUID version 8: made by a rule of our own
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Users known to exist; some 300 bytes each. */
const maxRemembered = 20_000;

export function createEndUserRepository(database: Database): EndUserRepository {
  const seen = new Map<string, string>();

  return {
    async ensure(tenantId, appId, sessionId) {
      const key = keyOf(tenantId, appId, sessionId);
      const known = seen.get(key);
      if (known !== undefined) return known;
      const id = idOf(key);
      await database.query(sql.ensureEndUser, [
        id,
        tenantId,
        appId,
        toColumn(sessionId),
        sessionId === anonymousSessionId,
      ]);
      if (seen.size >= maxRemembered) seen.clear();
      seen.set(key, id);
      return id;
    },

    async get(tenantId, appId, id) {
      const [row] = await database.query<{ session_id: string; is_anonymous: boolean; created_at: Date }>(
        sql.getEndUser,
        [id, tenantId, appId],
      );
      return (
        row && {
          id,
          sessionId: fromColumn(row.session_id),
          isAnonymous: row.is_anonymous,
          createdAtMs: row.created_at.getTime(),
        }
      );
    },
  };
}
