import { runCreatedAtMs } from '@millrace/contracts';
import { timestamp, toColumns } from './columns.js';
import { largeRead, type Database } from './database.js';
import type { ArchivedEvent, Codec } from './event-codec.js';
import { eventsAfter, packEvents, unpackEvents } from './event-codec.js';
import { createGroup, settleEach } from './group.js';
import type { Partitions } from './partitions.js';
import * as sql from './sql/archives.js';

/** The public events of an ended run, in order. */
export interface RunArchive {
  runId: string;
  createdAtMs: number;
  tenantId: string;
  epoch: number;
  events: readonly ArchivedEvent[];
}

export interface ArchiveRepository {
  /**
   * Stores whole event streams; repeating is harmless. Answers per archive, in order, the error that kept it
   * out or `undefined`. @throws when Postgres cannot be reached (`isUnavailable`)
   */
  save(archives: readonly RunArchive[]): Promise<unknown[]>;
  /** Events of an ended run after an event id (default: all); `undefined` when the run has no archive. */
  load(tenantId: string, runId: string, options?: { after?: string }): Promise<ArchivedEvent[] | undefined>;
}

interface PackedArchive {
  archive: RunArchive;
  codec: Codec;
  bytes: Buffer;
}

export function createArchiveRepository(
  database: Database,
  partitions: Pick<Partitions, 'insertInto'>,
): ArchiveRepository {
  const write = createGroup(async (packed: PackedArchive[]) => {
    const times = packed.map(({ archive }) => archive.createdAtMs);
    const values = toColumns(fullest(packed), archiveColumns);
    await partitions.insertInto(times, () => database.query(sql.saveArchives, values));
    return packed.map(() => undefined);
  }, 100);

  return {
    save: (archives) =>
      settleEach(archives.map(async (archive) => write({ archive, ...(await packEvents(archive.events)) }))),

    async load(tenantId, runId, { after } = {}) {
      const createdAtMs = runCreatedAtMs(runId);
      if (createdAtMs === undefined) return undefined;
      const key = [timestamp(createdAtMs), runId, tenantId];
      const [row] = await database.query<{ codec: string; events: Buffer }>(sql.loadArchive, key, largeRead);
      if (!row) return undefined;
      const events = await unpackEvents(row.codec, row.events);
      return after === undefined ? events : eventsAfter(events, after);
    },
  };
}

/** One statement may not touch a row twice: of the archives of one run only the fullest is written. */
function fullest(packed: readonly PackedArchive[]): PackedArchive[] {
  const byRun = new Map<string, PackedArchive>();
  for (const item of packed) {
    const other = byRun.get(item.archive.runId)?.archive;
    const fuller =
      !other ||
      other.epoch < item.archive.epoch ||
      (other.epoch === item.archive.epoch && other.events.length < item.archive.events.length);
    if (fuller) byRun.set(item.archive.runId, item);
  }
  return [...byRun].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** In the order of `sql.saveArchives`. */
const archiveColumns: ((item: PackedArchive) => unknown)[] = [
  ({ archive }) => timestamp(archive.createdAtMs),
  ({ archive }) => archive.runId,
  ({ archive }) => archive.tenantId,
  ({ archive }) => archive.epoch,
  ({ archive }) => archive.events.length,
  ({ codec }) => codec,
  ({ bytes }) => bytes,
];
