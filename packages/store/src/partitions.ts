import pg from 'pg';
import type { Database } from './database.js';
import * as sql from './sql/partitions.js';

const dayMs = 86_400_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
/** Creating tables waits for locks longer than a query may. */
const ddlTimeoutMs = 30_000;

/** The daily partitions (UTC) of runs, node executions and archives. */
export interface Partitions {
  /** Makes those of yesterday, today and `ahead` days (default 7). Returns how many were missing. */
  ensureAhead(nowMs: number, options?: { ahead?: number }): Promise<number>;
  /** Runs an insert of rows of the given times (Unix ms); when a day has no partition, makes it and runs it again. */
  insertInto(times: readonly number[], insert: () => Promise<unknown>): Promise<void>;
  /** Time from `nowMs` to the end of the last day for which all tables have partitions, without a gap, ms; 0 when today has none. */
  aheadMs(nowMs: number): Promise<number>;
  /** Drops the days that ended before `ms`, and with them all runs created then. Returns their tables' names. */
  dropBefore(ms: number): Promise<string[]>;
}

/** Whether an insert failed because its day has no partition yet: the periodic job was away for long. */
const isMissingPartition = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === '23514' && error.message.startsWith('no partition');

export function createPartitions(database: Database): Partitions {
  async function ensure(firstMs: number, lastMs: number): Promise<number> {
    const days = [dayOf(firstMs), dayOf(lastMs)];
    const [row] = await database.query<{ made: number }>(sql.ensurePartitions, days, { timeoutMs: ddlTimeoutMs });
    return row?.made ?? 0;
  }

  return {
    ensureAhead: (nowMs, { ahead = 7 } = {}) => ensure(nowMs - dayMs, nowMs + ahead * dayMs),

    async insertInto(times, insert) {
      try {
        await insert();
      } catch (error) {
        if (!isMissingPartition(error)) throw error;
        for (const day of new Set(times.map(dayOf))) await ensure(Date.parse(day), Date.parse(day));
        await insert();
      }
    },

    async aheadMs(nowMs) {
      const rows = await database.query<{ name: string }>(sql.listPartitions, []);
      const names = new Set(rows.map(({ name }) => name));
      const isMade = (day: string): boolean =>
        sql.partitionedTables.every((table) => names.has(`${table}_${day.replaceAll('-', '')}`));
      let endMs = Date.parse(dayOf(nowMs));
      while (isMade(dayOf(endMs))) endMs += dayMs;
      return Math.max(0, endMs - nowMs);
    },

    async dropBefore(ms) {
      const limit = dayOf(ms).replaceAll('-', '');
      const rows = await database.query<{ parent: string; name: string; pending: boolean }>(sql.listPartitions, []);
      const old = rows.filter(({ name }) => name.slice(name.lastIndexOf('_') + 1) < limit);
      for (const { parent, name, pending } of old) {
        for (const statement of sql.dropPartition(parent, name, pending)) {
          await database.query(statement, [], { timeoutMs: ddlTimeoutMs });
        }
      }
      return old.map(({ name }) => name);
    },
  };
}
