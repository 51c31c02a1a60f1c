import { isUuid, runCreatedAtMs } from '@millrace/contracts';
import { toColumn } from './column-text.js';
import { timestamp } from './columns.js';
import { largeRead, type Database } from './database.js';
import { firstRunIdOf, lastRunIdOf, maxIdMs, withinIds } from './run-ids.js';
import type { ListedRow, ListedRun, RunRow, StoredRun } from './run-row.js';
import { parseListedRun, parseRun } from './run-row.js';
import * as sql from './sql/runs.js';

/** Filters combine with AND. */
export interface RecentQuery {
  appIds: readonly string[];
  /** `accepted` for those that have not ended, or a terminal status. */
  status?: string;
  /** Only runs before this one. */
  beforeRunId?: string;
  /** Inclusive, Unix ms. */
  beforeMs?: number;
  /** Inclusive, Unix ms. */
  afterMs?: number;
  /** The caller's `user` text. */
  sessionId?: string;
  limit: number;
}

/** Looks for runs over all apps of a tenant; refused runs are never found. */
export interface RunSearch {
  find(tenantId: string, runId: string): Promise<StoredRun | undefined>;
  /**
   * Runs of a trace, newest first.
   * @param trace `traceId` as callers know it; `otelTraceId` the 32 hex digits a trace backend may know it by
   */
  ofTrace(tenantId: string, trace: { traceId: string; otelTraceId?: string }, limit: number): Promise<ListedRun[]>;
  /** The newest runs of some apps, newest first. */
  recent(tenantId: string, query: RecentQuery): Promise<ListedRun[]>;
}

export function createRunSearch(database: Database): RunSearch {
  return {
    async find(tenantId, runId) {
      const createdAtMs = runCreatedAtMs(runId);
      if (createdAtMs === undefined || !isUuid(tenantId)) return undefined;
      const values = [timestamp(createdAtMs), runId, tenantId];
      const [row] = await database.query<RunRow>(sql.findRun, values, largeRead);
      return row && parseRun(row);
    },

    async ofTrace(tenantId, { traceId, otelTraceId }, limit) {
      if (!isUuid(tenantId)) return [];
      const values = [tenantId, toColumn(traceId), otelTraceId ?? null, limit];
      return (await database.query<ListedRow>(sql.runsOfTrace, values)).map(parseListedRun);
    },

    async recent(tenantId, { appIds, status, beforeRunId, beforeMs = maxIdMs, afterMs = 0, sessionId, limit }) {
      if (!isUuid(tenantId)) return [];
      const afterTime = withinIds(afterMs);
      const cursorMs = beforeRunId === undefined ? undefined : runCreatedAtMs(beforeRunId);
      const beforeTime = Math.min(withinIds(beforeMs), cursorMs ?? maxIdMs);
      const beforeId = cursorMs === beforeTime ? beforeRunId : lastRunIdOf(beforeTime);
      const rows = await database.query<ListedRow>(sql.recentRuns, [
        tenantId,
        appIds.filter(isUuid),
        status ?? null,
        sessionId === undefined ? null : toColumn(sessionId),
        timestamp(beforeTime),
        timestamp(afterTime),
        beforeId,
        firstRunIdOf(afterTime),
        limit,
      ]);
      return rows.map(parseListedRun);
    },
  };
}
