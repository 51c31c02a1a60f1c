import { isUuid, newId } from '@millrace/contracts';
import { fromColumn, toColumn } from './column-text.js';
import type { Database } from './database.js';
import type { App as AppRow } from './generated/client.js';

/** The `app` block of a workflow file. */
export interface AppDescription {
  name: string;
  description: string;
  /** `workflow` for all that run today. */
  mode: string;
  iconType: string | null;
  icon: string | null;
  iconBackground: string | null;
}

export interface AppRecord extends AppDescription {
  id: string;
  tenantId: string;
  /** Whether the Service API may be used. */
  enableApi: boolean;
  /** `normal`; with any other the Service API refuses. */
  status: string;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface AppRepository {
  /** Creates an app with API access on; the id is given when samples must keep theirs. */
  create(tenantId: string, app: Partial<AppDescription> & { name: string; id?: string }): Promise<AppRecord>;
  get(tenantId: string, appId: string): Promise<AppRecord | undefined>;
  /** Oldest first. */
  list(tenantId: string): Promise<AppRecord[]>;
  /** Changes what is given; `undefined` when the tenant has no such app. */
  update(tenantId: string, appId: string, change: Partial<AppDescription>): Promise<AppRecord | undefined>;
  setEnableApi(tenantId: string, appId: string, enableApi: boolean): Promise<AppRecord | undefined>;
  /** Removes an app with its versions and keys; its history stays until retention drops it. */
  delete(tenantId: string, appId: string): Promise<boolean>;
}

export function createAppRepository({ prisma }: Database): AppRepository {
  async function change(tenantId: string, appId: string, data: Partial<AppRow>): Promise<AppRecord | undefined> {
    if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
    const [row] = await prisma.app.updateManyAndReturn({ where: { id: appId, tenantId }, data });
    return row && parseApp(row);
  }

  return {
    async create(tenantId, { id = newId(), name, ...rest }) {
      const data = { id, tenantId, name: toColumn(name), ...toColumns(rest) };
      return parseApp(await prisma.app.create({ data }));
    },

    async get(tenantId, appId) {
      if (!isUuid(tenantId) || !isUuid(appId)) return undefined;
      const row = await prisma.app.findFirst({ where: { id: appId, tenantId } });
      return row ? parseApp(row) : undefined;
    },

    async list(tenantId) {
      const rows = await prisma.app.findMany({ where: { tenantId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
      return rows.map(parseApp);
    },

    update: (tenantId, appId, description) => change(tenantId, appId, toColumns(description)),

    setEnableApi: (tenantId, appId, enableApi) => change(tenantId, appId, { enableApi }),

    async delete(tenantId, appId) {
      if (!isUuid(tenantId) || !isUuid(appId)) return false;
      return (await prisma.app.deleteMany({ where: { id: appId, tenantId } })).count > 0;
    },
  };
}

const toColumns = (app: Partial<AppDescription>): Partial<AppDescription> =>
  Object.fromEntries(Object.entries(app).map(([name, value]) => [name, value === null ? null : toColumn(value)]));

const optional = (stored: string | null): string | null => (stored === null ? null : fromColumn(stored));

const parseApp = (row: AppRow): AppRecord => ({
  id: row.id,
  tenantId: row.tenantId,
  name: fromColumn(row.name),
  description: fromColumn(row.description),
  mode: fromColumn(row.mode),
  iconType: optional(row.iconType),
  icon: optional(row.icon),
  iconBackground: optional(row.iconBackground),
  enableApi: row.enableApi,
  status: row.status,
  createdAtMs: row.createdAt.getTime(),
  updatedAtMs: row.updatedAt.getTime(),
});
