import type { Ending, JsonText, RunContext } from '@millrace/contracts';
import { isUuid, runCreatedAtMs } from '@millrace/contracts';
import { toColumn } from './column-text.js';
import { timestamp, toColumns } from './columns.js';
import { largeRead, type Database } from './database.js';
import { createGroup } from './group.js';
import type { Partitions } from './partitions.js';
import type { ListedRow, ListedRun, RunRow, StoredRun } from './run-row.js';
import { endingOf, parseListedRun, parseRun } from './run-row.js';
import { firstRunIdOf, withinIds } from './run-ids.js';
import { createRunLog } from './run-log.js';
import type { LogPage, LogQuery } from './run-log.js';
import { createRunSearch } from './run-search.js';
import type { RunSearch } from './run-search.js';
import * as sql from './sql/runs.js';

/** A run about to be accepted. */
export interface AcceptedRun {
  context: RunContext;
  /** Version text of the workflow, as the log shows it. */
  versionLabel: string;
  /** Values of the start form. */
  inputs: JsonText;
  /** Default 1. */
  epoch?: number;
  /** Default `app-run`. */
  triggeredFrom?: string;
  /** Default `service-api`. */
  createdFrom?: string;
}

export interface RunKey {
  tenantId: string;
  runId: string;
}

/** What became of an ending. */
export type EndingOutcome =
  | { kind: 'written' }
  /** Another ending was there first: it is the one everybody must tell. */
  | { kind: 'already'; ending: Ending }
  /** No such run of this tenant, or it was refused, or it lives on under a later epoch. */
  | { kind: 'unknown' };

export interface RunRepository extends RunSearch {
  /**
   * Inserts a run as `accepted`. Grouped; idempotent by run id.
   * @throws when the row is not acceptable, or (see `isUnavailable`) it is not known whether it was written
   */
  insertAccepted(run: AcceptedRun): Promise<void>;
  /** Refuses a run that could not be started, whether or not its row is there yet; `false` when it has ended. Grouped. */
  markRefused(run: AcceptedRun): Promise<boolean>;
  /** Writes how a run ended, once and for ever. Grouped. `epoch` fences followers of an older epoch. */
  saveEnding(tenantId: string, runId: string, ending: Ending, options?: { epoch?: number }): Promise<EndingOutcome>;
  get(tenantId: string, appId: string, runId: string): Promise<StoredRun | undefined>;
  getForTask(tenantId: string, appId: string, taskId: string): Promise<ListedRun | undefined>;
  /** A page of the log, newest first, without refused runs. */
  logs(tenantId: string, appId: string, query: LogQuery): Promise<LogPage>;
  /**
   * Runs of a shard that have not ended and were created before `createdBeforeMs` (Unix ms), oldest first.
   * `after` is the last run id of the page before. Across tenants: for the reconciler only.
   */
  unfinished(query: { shard: number; createdBeforeMs: number; limit: number; after?: string }): Promise<StoredRun[]>;
  /** Ids of the oldest runs of a shard that have not ended, oldest first. Across tenants: for metrics only. */
  oldestUnfinished(shard: number, limit: number): Promise<string[]>;
  /** Those of the runs that have ended, by run id: their epoch, and whether their events are archived. */
  ended(runs: readonly RunKey[]): Promise<Map<string, { epoch: number; archived: boolean }>>;
  /** Raises the epoch of runs that have not ended; answers the new ones by run id. */
  raiseEpoch(runs: readonly RunKey[]): Promise<Map<string, number>>;
}

interface PendingEnding extends RunKey {
  createdAtMs: number;
  ending: Ending;
  epoch: number | undefined;
}

export function createRunRepository(database: Database, partitions: Pick<Partitions, 'insertInto'>): RunRepository {
  const insert = createGroup(async (runs: AcceptedRun[]) => {
    const times = runs.map((run) => run.context.createdAtMs);
    await partitions.insertInto(times, () => database.query(sql.insertAccepted, toColumns(runs, acceptedColumns)));
    return runs.map(() => undefined);
  });

  const refuse = createGroup(async (runs: AcceptedRun[]) => {
    const times = runs.map((run) => run.context.createdAtMs);
    const refused = new Set<string>();
    await partitions.insertInto(times, async () => {
      const rows = await database.query<{ id: string }>(sql.markRefused, toColumns(runs, acceptedColumns));
      for (const { id } of rows) refused.add(id);
    });
    return runs.map((run) => refused.has(run.context.runId));
  });

  const end = createGroup(async (group: PendingEnding[]): Promise<EndingOutcome[]> => {
    // One row per run, and the same order in every process: no ending meets itself, no two groups deadlock.
    const byRun = new Map([...group].reverse().map((item) => [item.runId, item]));
    const endings = [...byRun.values()].sort((a, b) => (a.runId < b.runId ? -1 : 1));
    const [first, last] = bounds(endings);
    const [epochs, ...columns] = toColumns(endings, endingColumns);
    const rows = await database.query<{ id: string }>(sql.saveEndings, [...columns, first, last, epochs]);
    const written = new Set(rows.map((row) => row.id));
    const others = group.filter((item) => !written.has(item.runId) || byRun.get(item.runId) !== item);
    const stored = others.length === 0 ? new Map<string, Ending>() : await readEndings(others);
    return group.map((item) => {
      if (written.has(item.runId) && byRun.get(item.runId) === item) return { kind: 'written' };
      const ending = stored.get(item.runId);
      return ending ? { kind: 'already', ending } : { kind: 'unknown' };
    });
  });

  async function readEndings(keys: (RunKey & { createdAtMs: number })[]): Promise<Map<string, Ending>> {
    const rows = await database.query<RunRow & { id: string }>(sql.readEndings, [
      ...toColumns(keys, keyColumns),
      ...bounds(keys),
    ]);
    return new Map(
      rows.flatMap((row) => {
        const ending = endingOf(row);
        return ending ? [[row.id, ending] as const] : [];
      }),
    );
  }

  return {
    async insertAccepted(run) {
      if (runCreatedAtMs(run.context.runId) !== run.context.createdAtMs) {
        throw new TypeError(`Run id ${run.context.runId} does not carry the run's creation time.`);
      }
      await database.spanSql('insert runs', () => insert(run));
    },

    markRefused: (run) => database.spanSql('refuse runs', () => refuse(run)),

    async saveEnding(tenantId, runId, ending, { epoch } = {}) {
      const createdAtMs = runCreatedAtMs(runId);
      if (createdAtMs === undefined) return { kind: 'unknown' };
      const item = { tenantId, runId: runId.toLowerCase(), createdAtMs, ending, epoch };
      return database.spanSql('save endings', () => end(item));
    },

    async get(tenantId, appId, runId) {
      const createdAtMs = runCreatedAtMs(runId);
      if (createdAtMs === undefined || !isUuid(tenantId) || !isUuid(appId)) return undefined;
      const values = [timestamp(createdAtMs), runId, tenantId, appId];
      const [row] = await database.query<RunRow>(sql.getRun, values, largeRead);
      return row && parseRun(row);
    },

    async getForTask(tenantId, appId, taskId) {
      if (![tenantId, appId, taskId].every(isUuid)) return undefined;
      const [row] = await database.query<ListedRow>(sql.getRunForTask, [taskId, tenantId, appId]);
      return row && parseListedRun(row);
    },

    ...createRunSearch(database),
    logs: createRunLog(database),

    async unfinished({ shard, createdBeforeMs, limit, after }) {
      const beforeMs = withinIds(createdBeforeMs);
      const afterMs = (after === undefined ? undefined : runCreatedAtMs(after)) ?? 0;
      const rows = await database.query<RunRow>(sql.unfinishedRuns, [
        shard,
        firstRunIdOf(beforeMs),
        after ?? firstRunIdOf(0),
        timestamp(beforeMs),
        timestamp(afterMs),
        limit,
      ]);
      return rows.map(parseRun);
    },

    async oldestUnfinished(shard, limit) {
      const rows = await database.query<{ id: string }>(sql.unfinishedRunIds, [shard, limit]);
      return rows.map(({ id }) => id);
    },

    async ended(runs) {
      const keys = inOrder(runs);
      if (keys.length === 0) return new Map();
      const values = [...toColumns(keys, keyColumns), ...bounds(keys)];
      const rows = await database.query<{ id: string; epoch: number; archived: boolean }>(sql.endedRuns, values);
      return new Map(rows.map(({ id, ...row }) => [id, row]));
    },

    async raiseEpoch(runs) {
      const keys = inOrder(runs);
      if (keys.length === 0) return new Map();
      const rows = await database.query<{ id: string; epoch: number }>(sql.raiseEpochs, [
        ...toColumns(keys, keyColumns),
        ...bounds(keys),
      ]);
      return new Map(rows.map((row) => [row.id, row.epoch]));
    },
  };
}

/** Runs with their creation time, ordered as every process orders them. */
const inOrder = (runs: readonly RunKey[]): (RunKey & { createdAtMs: number })[] =>
  runs
    .flatMap((run) => {
      const createdAtMs = runCreatedAtMs(run.runId);
      return createdAtMs === undefined ? [] : [{ ...run, createdAtMs }];
    })
    .sort((a, b) => (a.runId < b.runId ? -1 : 1));

const bounds = (keys: readonly { createdAtMs: number }[]): [string, string] => {
  const times = keys.map((key) => key.createdAtMs);
  return [timestamp(Math.min(...times)), timestamp(Math.max(...times))];
};

/** In the order of `sql.insertAccepted`. */
const acceptedColumns: ((run: AcceptedRun) => unknown)[] = [
  ({ context }) => timestamp(context.createdAtMs),
  ({ context }) => context.runId,
  ({ context }) => context.tenantId,
  ({ context }) => context.appId,
  ({ context }) => context.versionId,
  (run) => run.versionLabel,
  ({ context }) => context.taskId,
  ({ context }) => context.shard,
  (run) => run.epoch ?? 1,
  ({ context }) => context.endUserId,
  ({ context }) => toColumn(context.user),
  (run) => run.inputs,
  ({ context }) => JSON.stringify(context),
  ({ context }) => toColumn(context.traceId),
  (run) => run.triggeredFrom ?? 'app-run',
  (run) => run.createdFrom ?? 'service-api',
];

const keyColumns: ((key: RunKey & { createdAtMs: number }) => unknown)[] = [
  (key) => timestamp(key.createdAtMs),
  (key) => key.runId,
  (key) => key.tenantId,
];

/** The epoch, then the rest in the order of `sql.saveEndings`. */
const endingColumns: ((item: PendingEnding) => unknown)[] = [
  (item) => item.epoch ?? null,
  ...keyColumns,
  ({ ending }) => ending.status,
  ({ ending }) => (ending.error === null ? null : toColumn(ending.error)),
  ({ ending }) => ending.code ?? null,
  ({ ending }) => ending.outputs,
  ({ ending }) => ending.elapsedSeconds,
  ({ ending }) => ending.totalTokens,
  ({ ending }) => ending.totalSteps,
  ({ ending }) => ending.exceptionsCount,
  ({ ending }) => timestamp(ending.finishedAtMs),
];
