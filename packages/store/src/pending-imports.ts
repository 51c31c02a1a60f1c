import { isUuid, newId } from '@millrace/contracts';
import { fromColumn, toColumn } from './column-text.js';
import type { Database } from './database.js';

export interface PendingImportRepository {
  /** Keeps an import until it is confirmed; answers its id. Those that expired before `nowMs` go. */
  save(tenantId: string, payload: string, times: { nowMs: number; expiresAtMs: number }): Promise<string>;
  /** Takes an import away; `undefined` when it was taken, has expired, or is not the tenant's. */
  take(tenantId: string, importId: string, nowMs: number): Promise<string | undefined>;
}

export function createPendingImportRepository({ prisma }: Database): PendingImportRepository {
  return {
    async save(tenantId, payload, { nowMs, expiresAtMs }) {
      await prisma.pendingImport.deleteMany({ where: { tenantId, expiresAt: { lt: new Date(nowMs) } } });
      const id = newId();
      await prisma.pendingImport.create({
        data: { id, tenantId, payload: toColumn(payload), expiresAt: new Date(expiresAtMs) },
      });
      return id;
    },

    async take(tenantId, importId, nowMs) {
      if (!isUuid(tenantId) || !isUuid(importId)) return undefined;
      // Row locks make one of two takers win: the other deletes nothing.
      const where = { id: importId, tenantId, expiresAt: { gte: new Date(nowMs) } };
      const row = await prisma.pendingImport.findFirst({ where });
      if (!row) return undefined;
      const { count } = await prisma.pendingImport.deleteMany({ where });
      return count > 0 ? fromColumn(row.payload) : undefined;
    },
  };
}
