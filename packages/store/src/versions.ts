import type { VersionSource, WorkflowVersion } from '@millrace/contracts';
import { isUuid, newId } from '@millrace/contracts';
import { fromColumn, toColumn } from './column-text.js';
import type { Database } from './database.js';
import type { WorkflowVersion as VersionRow } from './generated/client.js';
import type { SecretBox } from './secrets.js';
import { nextVersionLabel } from './version-label.js';
import { openWorkflow, sealWorkflow } from './workflow-secrets.js';
import * as sql from './sql/versions.js';

/** A stored version; `version` is `draft` or the time of publishing. */
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
  draft(tenantId: string, appId: string): Promise<VersionRecord | undefined>;
  /** Copies the draft to a new version that never changes; `undefined` when there is no draft. */
  publish(
    tenantId: string,
    appId: string,
    options: { nowMs: number; markedName?: string; markedComment?: string },
  ): Promise<VersionRecord | undefined>;
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

  async function latest(tenantId: string, appId: string, version: string | { not: string }) {
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

  return {
    async saveDraft(tenantId, appId, workflow) {
      if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
      if (!(await prisma.app.findFirst({ where: { id: appId, tenantId }, select: { id: true } }))) return undefined;
      const sealed = sealWorkflow(secrets, appId, workflow);
      const row = await prisma.workflowVersion.upsert({
        where: { appId_version: { appId, version: draft } },
        create: { id: newId(), tenantId, appId, version: draft, workflow: sealed },
        update: { workflow: sealed },
      });
      return parse(row);
    },

    draft: (tenantId, appId) => latest(tenantId, appId, draft),

    async publish(tenantId, appId, { nowMs, markedName = '', markedComment = '' }) {
      if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
      return prisma.$transaction(async (tx) => {
        // The app's row lock makes publishers take turns, so that labels rise and never collide.
        await tx.$queryRaw`SELECT id FROM apps WHERE id = ${appId}::uuid AND tenant_id = ${tenantId}::uuid FOR UPDATE`;
        const source = await tx.workflowVersion.findFirst({ where: { tenantId, appId, version: draft } });
        if (!source) return undefined;
        const last = await tx.workflowVersion.findFirst({
          where: { tenantId, appId, version: { not: draft } },
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

    published: (tenantId, appId) => latest(tenantId, appId, { not: draft }),

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
          where: { ...where, version: { not: draft } },
          select: { id: true },
        }))
      )
        return { items: [], hasMore: false };
      // `draft` sorts above every time.
      const rows = await prisma.workflowVersion.findMany({
        where,
        orderBy: { version: 'desc' },
        skip: (page - 1) * limit,
        take: limit + 1,
      });
      return { items: rows.slice(0, limit).map(parse), hasMore: rows.length > limit };
    },
  };
}
