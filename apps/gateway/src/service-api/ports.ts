import type { RunContext } from '@millrace/contracts';
import type { AppRecord, EndUserRecord, ListedRun, LogPage, LogQuery, StoredRun } from '@millrace/store';

export type { ListedRun, LogPage, LogQuery, StoredRun };

/** Finds a run of an app. */
export type FindRun = (tenantId: string, appId: string, runId: string) => Promise<StoredRun | undefined>;

/** A page of an app's run history. */
export type FindLogs = (tenantId: string, appId: string, query: LogQuery) => Promise<LogPage>;

export type FindApp = (tenantId: string, appId: string) => Promise<AppRecord | undefined>;

export type FindEndUser = (tenantId: string, appId: string, endUserId: string) => Promise<EndUserRecord | undefined>;

/** A stored workflow version, by id; `undefined` when this app has none such. */
export type FindVersion = (
  tenantId: string,
  appId: string,
  versionId: string,
) => Promise<{ id: string; label: string; draft: boolean } | undefined>;

/** Id of the end user (tenant, app, `user`), who is created on first sight. */
export type ResolveEndUser = (tenantId: string, appId: string, user: string) => Promise<string>;

/** The context and ending of a run that is over. */
export interface EndedRun {
  context: RunContext;
  ending: NonNullable<StoredRun['ending']>;
}

/** The run when it is over. */
export const endedRun = ({ context, ending }: StoredRun): EndedRun | undefined => ending && { context, ending };
