import type { ResolvedKey, TenantStatus } from '@millrace/store';

/** What an app key stands for. */
export interface AppAccess extends ResolvedKey {
  /** The version that runs, `undefined` when nothing is published. */
  published: { id: string; label: string } | undefined;
}

/** Finds what an app key stands for; `undefined` for an unknown token. */
export type FindAppAccess = (token: string) => Promise<AppAccess | undefined>;

/** Finds the tenant that a console key belongs to. */
export type FindConsoleTenant = (key: string) => Promise<{ id: string; status: TenantStatus } | undefined>;
