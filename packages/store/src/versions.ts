import { createHash } from 'node:crypto';
import type { VersionSource, WorkflowVersion } from '@millrace/contracts';
import { isUuid, newId } from '@millrace/contracts';
import { fromColumn, toColumn } from './column-text.js';
import type { Database } from './database.js';
import type { Prisma, WorkflowVersion as VersionRow } from './generated/client.js';
import type { SecretBox } from './secrets.js';
import { nextVersionLabel } from './version-label.js';
import { openWorkflow, sealWorkflow } from './workflow-secrets.js';
import * as sql from './sql/versions.js';

/** A stored version; `version` is `draft`, the time of publishing, or `draft-` and a hash for a snapshot of the draft. */
export interface VersionRecord extends WorkflowVersion {
  version: string;
  markedName: string;
  markedComment: string;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface VersionRepository extends VersionSource {
  /** Creates or replaces the draft; `undefined` when the tenant has no such app. */
  saveDraft(tenantId: string, appId: string, workflow: string): Promise<VersionRecord | undefined>;
  /** Makes the draft of what it is now; edits take turns, and one that throws changes nothing. */
  editDraft(
    tenantId: string,
    appId: string,
    edit: (current: string | undefined) => string,
  ): Promise<VersionRecord | undefined>;
  draft(tenantId: string, appId: string): Promise<VersionRecord | undefined>;
  /** Copies the draft to a new version that never changes; `undefined` when there is no draft. */
  publish(
    tenantId: string,
    appId: string,
    options: { nowMs: number; markedName?: string; markedComment?: string },
  ): Promise<VersionRecord | undefined>;
  /**
   * Copies the draft to a version that never changes and that no list shows, for a test run; the same draft gives the
   * same one. Snapshots that were not asked for in a day go. `undefined` when there is no draft.
   */
  snapshot(tenantId: string, appId: string, options: { nowMs: number }): Promise<VersionRecord | undefined>;
  /** Changes the marks of the draft or of a published version; those left out stay. */
  mark(
    tenantId: string,
    appId: string,
    versionId: string,
    marks: { markedName?: string; markedComment?: string },
  ): Promise<VersionRecord | undefined>;
  /** Deletes a published version, unless it is the one that runs, or runs of it have not ended. */
  remove(tenantId: string, appId: string, versionId: string): Promise<'removed' | 'in use' | 'draft' | 'unknown'>;
  /** The version that runs: the latest published one. */
  published(tenantId: string, appId: string): Promise<VersionRecord | undefined>;
  /** Id and label of the latest published version, without its (large) text. */
  publishedRef(tenantId: string, appId: string): Promise<{ id: string; version: string } | undefined>;
  /** A version by id, draft included. */
  get(tenantId: string, versionId: string): Promise<VersionRecord | undefined>;
  /** The draft first, then the published ones, newest first; nothing for an app that was never published. */
  list(
    tenantId: string,
    appId: string,
    options?: { page?: number; limit?: number },
  ): Promise<{ items: VersionRecord[]; hasMore: boolean }>;
}

const draft = 'draft';
/** Times of publishing sort below `draft`, snapshots above. */
const isPublished = { lt: draft };
const snapshotPrefix = 'draft-';
const snapshotKeptMs = 24 * 60 * 60_000;

/** Makes those who change an app's versions take turns; `false` when there is no such app. */
async function lockApp(tx: Prisma.TransactionClient, tenantId: string, appId: string): Promise<boolean> {
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT id FROM apps WHERE id = ${appId}::uuid AND tenant_id = ${tenantId}::uuid FOR UPDATE`;
  return locked.length > 0;
}

export function createVersionRepository(database: Database, secrets: SecretBox): VersionRepository {
  const { prisma } = database;
  const parse = (row: VersionRow): VersionRecord => ({
    id: row.id,
    tenantId: row.tenantId,
    appId: row.appId,
    workflow: openWorkflow(secrets, row.appId, row.workflow),
    version: row.version,
    markedName: fromColumn(row.markedName),
    markedComment: fromColumn(row.markedComment),
    createdAtMs: row.createdAt.getTime(),
    updatedAtMs: row.updatedAt.getTime(),
  });

  async function latest(tenantId: string, appId: string, version: string | typeof isPublished) {
    if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
    const row = await prisma.workflowVersion.findFirst({
      where: { tenantId, appId, version },
      orderBy: { version: 'desc' },
    });
    return row ? parse(row) : undefined;
  }

  async function get(tenantId: string, versionId: string): Promise<VersionRecord | undefined> {
    if (!isUuid(tenantId) || !isUuid(versionId)) return undefined;
    const row = await prisma.workflowVersion.findFirst({ where: { id: versionId, tenantId } });
    return row ? parse(row) : undefined;
  }

  async function editDraft(tenantId: string, appId: string, edit: (current: string | undefined) => string) {
    if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
    return prisma.$transaction(async (tx) => {
      if (!(await lockApp(tx, tenantId, appId))) return undefined;
      const current = await tx.workflowVersion.findFirst({ where: { tenantId, appId, version: draft } });
      const workflow = sealWorkflow(secrets, appId, edit(current ? parse(current).workflow : undefined));
      const row = await tx.workflowVersion.upsert({
        where: { appId_version: { appId, version: draft } },
        create: { id: newId(), tenantId, appId, version: draft, workflow },
        update: { workflow },
      });
      return parse(row);
    });
  }

  return {
    saveDraft: (tenantId, appId, workflow) => editDraft(tenantId, appId, () => workflow),
    editDraft,

    draft: (tenantId, appId) => latest(tenantId, appId, draft),

    async publish(tenantId, appId, { nowMs, markedName = '', markedComment = '' }) {
      if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
      return prisma.$transaction(async (tx) => {
        // Publishers take turns, so that labels rise and never collide.
        await lockApp(tx, tenantId, appId);
        const source = await tx.workflowVersion.findFirst({ where: { tenantId, appId, version: draft } });
        if (!source) return undefined;
        const last = await tx.workflowVersion.findFirst({
          where: { tenantId, appId, version: isPublished },
          orderBy: { version: 'desc' },
          select: { version: true },
        });
        const row = await tx.workflowVersion.create({
          data: {
            id: newId(),
            tenantId,
            appId,
            version: nextVersionLabel(nowMs, last?.version),
            workflow: source.workflow,
            markedName: toColumn(markedName),
            markedComment: toColumn(markedComment),
          },
        });
        return parse(row);
      });
    },

    async snapshot(tenantId, appId, { nowMs }) {
      if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
      const source = await prisma.workflowVersion.findFirst({ where: { tenantId, appId, version: draft } });
      if (!source) return undefined;
      const { workflow } = source;
      // Of the text as it is stored: a hash of secrets in the open could be guessed.
      const version = snapshotPrefix + createHash('sha256').update(workflow).digest('hex');
      const updatedAt = new Date(nowMs);
      const row = await prisma.workflowVersion.upsert({
        where: { appId_version: { appId, version } },
        create: { id: newId(), tenantId, appId, version, workflow, updatedAt },
        update: { updatedAt },
      });
      const old = { startsWith: snapshotPrefix };
      const before = new Date(nowMs - snapshotKeptMs);
      await prisma.workflowVersion.deleteMany({ where: { tenantId, appId, version: old, updatedAt: { lt: before } } });
      return parse(row);
    },

    async mark(tenantId, appId, versionId, { markedName, markedComment }) {
      const found = await get(tenantId, versionId);
      if (found?.appId !== appId || found.version > draft) return undefined;
      const row = await prisma.workflowVersion.update({
        where: { id: found.id },
        data: {
          ...(markedName === undefined ? {} : { markedName: toColumn(markedName) }),
          ...(markedComment === undefined ? {} : { markedComment: toColumn(markedComment) }),
        },
      });
      return parse(row);
    },

    async remove(tenantId, appId, versionId) {
      const found = await get(tenantId, versionId);
      if (found?.appId !== appId || found.version > draft) return 'unknown';
      if (found.version === draft) return 'draft';
      const deleted = await database.query(sql.removeUnused, [found.id, tenantId, appId]);
      return deleted.length > 0 ? 'removed' : 'in use';
    },

    published: (tenantId, appId) => latest(tenantId, appId, isPublished),

    async publishedRef(tenantId, appId) {
      if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
      const [row] = await database.query<{ id: string; version: string }>(sql.publishedRef, [tenantId, appId]);
      return row;
    },

    get,

    async version(tenantId, versionId) {
      const found = await get(tenantId, versionId);
      return found && { id: found.id, tenantId, appId: found.appId, workflow: found.workflow };
    },

    async list(tenantId, appId, { page = 1, limit = 10 } = {}) {
      if (!isUuid(tenantId) || !isUuid(appId)) return { items: [], hasMore: false };
      const where = { tenantId, appId };
      if (
        !(await prisma.workflowVersion.findFirst({
          where: { ...where, version: isPublished },
          select: { id: true },
        }))
      )
        return { items: [], hasMore: false };
      const rows = await prisma.workflowVersion.findMany({
        where: { ...where, version: { lte: draft } },
        orderBy: { version: 'desc' },
        skip: (page - 1) * limit,
        take: limit + 1,
      });
      return { items: rows.slice(0, limit).map(parse), hasMore: rows.length > limit };
    },
  };
}
