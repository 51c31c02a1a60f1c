import { isUuid } from '@millrace/contracts';
import { toColumn } from './column-text.js';
import { firstRunIdOf, lastRunIdOf, maxIdMs, withinIds } from './run-ids.js';
import { timestamp } from './columns.js';
import { largeRead, type Database } from './database.js';
import type { ListedRow, ListedRun } from './run-row.js';
import { parseListedRun } from './run-row.js';
import * as sql from './sql/runs.js';

/** Query of the log (service-api 2.5); filters combine with AND. */
export interface LogQuery {
  /** Only its first 30 characters count; a whole run id finds that run too. */
  keyword?: string;
  status?: string;
  /** Inclusive, Unix ms. */
  beforeMs?: number;
  /** Inclusive, Unix ms. */
  afterMs?: number;
  /** The caller's `user` text. */
  sessionId?: string;
  /** From 1. */
  page: number;
  limit: number;
}

export interface LogPage {
  items: ListedRun[];
  total: number;
}

export const createRunLog =
  (database: Database) =>
  async (tenantId: string, appId: string, query: LogQuery): Promise<LogPage> => {
    if (!isUuid(tenantId) || !isUuid(appId)) return { items: [], total: 0 };
    const { keyword, page, limit } = query;
    const beforeMs = withinIds(query.beforeMs ?? maxIdMs);
    const afterMs = withinIds(query.afterMs ?? 0);
    const filter = [
      tenantId,
      appId,
      query.status ?? null,
      timestamp(beforeMs),
      timestamp(afterMs),
      lastRunIdOf(beforeMs),
      firstRunIdOf(afterMs),
      query.sessionId === undefined ? null : toColumn(query.sessionId),
      keyword === undefined ? null : likePattern(keyword),
      keyword === undefined ? null : idIn(keyword),
    ];
    // A keyword is sought in the values of all runs in question.
    const options = keyword === undefined ? {} : largeRead;
    const [rows, totals] = await Promise.all([
      database.query<ListedRow>(sql.logPage, [...filter, limit, (page - 1) * limit], options),
      database.query<{ total: number }>(sql.logTotal, filter, options),
    ]);
    return { items: rows.map(parseListedRun), total: totals[0]?.total ?? 0 };
  };

/** A whole id, with its hyphens or without. */
function idIn(keyword: string): string | null {
  const digits = keyword.replaceAll('-', '');
  return /^[0-9a-f]{32}$/i.test(digits) ? digits : null;
}

/** `%`, `_` and `\` are literal. */
const likePattern = (keyword: string): string =>
  `%${toColumn([...keyword].slice(0, 30).join('')).replace(/[\\%_]/g, '\\$&')}%`;
