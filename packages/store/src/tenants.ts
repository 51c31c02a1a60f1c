import { isUuid, newId } from '@millrace/contracts';
import { fromColumn, toColumn } from './column-text.js';
import type { Database } from './database.js';
import type { Tenant as TenantRow } from './generated/client.js';
import { newToken, tokenHash } from './secrets.js';

/** The tenant the admin key acts on when it names no other. */
export const defaultTenantId = '00000000-0000-4000-8000-000000000001';

/** Caps of a tenant; what is absent is unlimited (`weight`: 1). */
export interface TenantLimits {
  maxConcurrentRuns?: number;
  maxQueuedRuns?: number;
  runsPerMinute?: number;
  weight?: number;
}

export type TenantStatus = 'normal' | 'suspended' | 'archived';

export interface TenantRecord {
  id: string;
  name: string;
  status: TenantStatus;
  limits: TenantLimits;
  createdAtMs: number;
}

export interface TenantRepository {
  /** Creates a tenant with its first console key, which is shown only here. */
  create(input: { name: string; limits?: TenantLimits }): Promise<TenantRecord & { consoleKey: string }>;
  /** Oldest first. */
  list(): Promise<TenantRecord[]>;
  get(tenantId: string): Promise<TenantRecord | undefined>;
  /** Changes what is given; `limits` are replaced as a whole. `undefined` when there is no such tenant. */
  update(
    tenantId: string,
    change: { name?: string; limits?: TenantLimits; status?: TenantStatus },
  ): Promise<TenantRecord | undefined>;
  /** Makes sure that the default tenant exists. */
  ensureDefault(): Promise<TenantRecord>;
}

export interface ConsoleKeyRepository {
  /** A further key of a tenant; shown only here. */
  create(tenantId: string): Promise<string>;
  /** The tenant a console key acts on, or `undefined` for any other text. */
  tenantOf(key: string): Promise<TenantRecord | undefined>;
}

export function createTenantRepository({ prisma }: Database): TenantRepository {
  return {
    async create({ name, limits = {} }) {
      const consoleKey = newConsoleKey();
      const row = await prisma.tenant.create({
        data: {
          id: newId(),
          name: toColumn(name),
          limits: JSON.stringify(limits),
          consoleKeys: { create: { id: newId(), hash: tokenHash(consoleKey) } },
        },
      });
      return { ...parseTenant(row), consoleKey };
    },

    async list() {
      const rows = await prisma.tenant.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
      return rows.map(parseTenant);
    },

    async get(tenantId) {
      if (!isUuid(tenantId)) return undefined;
      const row = await prisma.tenant.findUnique({ where: { id: tenantId } });
      return row ? parseTenant(row) : undefined;
    },

    async update(tenantId, { name, limits, status }) {
      if (!isUuid(tenantId)) return undefined;
      const data = {
        ...(name === undefined ? {} : { name: toColumn(name) }),
        ...(limits === undefined ? {} : { limits: JSON.stringify(limits) }),
        ...(status === undefined ? {} : { status }),
      };
      const [row] = await prisma.tenant.updateManyAndReturn({ where: { id: tenantId }, data });
      return row && parseTenant(row);
    },

    async ensureDefault() {
      // INSERT … ON CONFLICT DO NOTHING: many processes may start at once.
      await prisma.tenant.createMany({ data: [{ id: defaultTenantId, name: 'Default' }], skipDuplicates: true });
      return parseTenant(await prisma.tenant.findUniqueOrThrow({ where: { id: defaultTenantId } }));
    },
  };
}

export function createConsoleKeyRepository({ prisma }: Database): ConsoleKeyRepository {
  return {
    async create(tenantId) {
      const key = newConsoleKey();
      await prisma.consoleKey.create({ data: { id: newId(), tenantId, hash: tokenHash(key) } });
      return key;
    },

    async tenantOf(key) {
      const row = await prisma.consoleKey.findUnique({ where: { hash: tokenHash(key) }, include: { tenant: true } });
      return row ? parseTenant(row.tenant) : undefined;
    },
  };
}

const newConsoleKey = (): string => newToken('console-', 32);

const parseTenant = (row: TenantRow): TenantRecord => ({
  id: row.id,
  name: fromColumn(row.name),
  status: row.status as TenantStatus,
  limits: JSON.parse(row.limits) as TenantLimits,
  createdAtMs: row.createdAt.getTime(),
});
