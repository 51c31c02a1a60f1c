import { isUuid, type FileOrigin, type FileOwner, type StoredFile } from '@millrace/contracts';
import { fromColumn, toColumn } from './column-text.js';
import type { Database } from './database.js';
import type { UploadFile } from './generated/client.js';
import * as sql from './sql/files.js';

export interface FileRepository {
  insert(file: StoredFile): Promise<void>;
  /** Files of the owner among some ids; what is somebody else's is as if it were not there. */
  findOwned(owner: FileOwner, ids: readonly string[]): Promise<StoredFile[]>;
  /**
   * The file behind a signed link, whoever's it is: the link carries no tenant. For callers that verify the signature
   * against the owner before they tell anything.
   */
  findForLink(fileId: string): Promise<StoredFile | undefined>;
  /** Files that are past their time, or whose app is gone. */
  expired(limits: ExpiryLimits, limit: number): Promise<{ tenantId: string; fileId: string }[]>;
  /** Forgets files whose content is gone. */
  forget(fileIds: readonly string[]): Promise<void>;
}

/** Files created before these times are past their time; absent: such files are kept. */
export interface ExpiryLimits {
  uploadsBeforeMs?: number;
  toolFilesBeforeMs?: number;
}

export function createFileRepository(database: Database): FileRepository {
  const { prisma } = database;
  return {
    async insert({ createdAtMs, ...file }) {
      const text = {
        name: toColumn(file.name),
        extension: toColumn(file.extension),
        mimeType: toColumn(file.mimeType),
      };
      await prisma.uploadFile.create({
        data: { ...file, ...text, size: BigInt(file.size), createdAt: new Date(createdAtMs) },
      });
    },

    async findOwned({ tenantId, appId, endUserId }, ids) {
      const known = ids.filter(isUuid);
      if (known.length === 0) return [];
      const rows = await prisma.uploadFile.findMany({ where: { id: { in: known }, tenantId, appId, endUserId } });
      return rows.map(toFile);
    },

    async findForLink(fileId) {
      const row = isUuid(fileId) ? await prisma.uploadFile.findUnique({ where: { id: fileId } }) : null;
      return row ? toFile(row) : undefined;
    },

    async expired({ uploadsBeforeMs, toolFilesBeforeMs }, limit) {
      const before = (ms: number | undefined): Date => new Date(ms ?? 0);
      const rows = await database.query<{ id: string; tenant_id: string }>(sql.expiredFiles, [
        before(uploadsBeforeMs),
        before(toolFilesBeforeMs),
        limit,
      ]);
      return rows.map((row) => ({ tenantId: row.tenant_id, fileId: row.id }));
    },

    async forget(fileIds) {
      await prisma.uploadFile.deleteMany({ where: { id: { in: [...fileIds] } } });
    },
  };
}

const toFile = ({ createdAt, ...row }: UploadFile): StoredFile => ({
  ...row,
  origin: row.origin as FileOrigin,
  name: fromColumn(row.name),
  extension: fromColumn(row.extension),
  mimeType: fromColumn(row.mimeType),
  size: Number(row.size),
  createdAtMs: createdAt.getTime(),
});
