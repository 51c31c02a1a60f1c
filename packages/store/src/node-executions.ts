import type { NodeLedgerMeta, NodeRecord, NodeStatus } from '@millrace/contracts';
import { runCreatedAtMs } from '@millrace/contracts';
import { fromColumn, toColumn } from './column-text.js';
import { timestamp, toColumns } from './columns.js';
import type { Database } from './database.js';
import { createGroup, settleEach } from './group.js';
import type { Partitions } from './partitions.js';
import * as sql from './sql/node-executions.js';

export interface NodeExecutionRepository {
  /**
   * Records results; repeating and reordering are harmless. One statement for all, and for what other calls
   * bring meanwhile; answers per record, in order, the error that kept it out or `undefined` (a bad record hurts no other).
   * @throws when Postgres cannot be reached (`isUnavailable`); nothing is known of the records then
   */
  record(records: readonly NodeRecord[]): Promise<unknown[]>;
  /** Recorded results of a run, by index. */
  listForRun(tenantId: string, runId: string): Promise<NodeRecord[]>;
}

export function createNodeExecutionRepository(
  database: Database,
  partitions: Pick<Partitions, 'insertInto'>,
): NodeExecutionRepository {
  const write = createGroup(async (records: NodeRecord[]) => {
    const times = records.map((record) => record.meta.createdAtMs);
    const values = toColumns(latest(records), nodeColumns);
    await partitions.insertInto(times, () => database.query(sql.recordNodes, values));
    return records.map(() => undefined);
  }, 500);

  return {
    record: (records) => settleEach(records.map(write)),

    async listForRun(tenantId, runId) {
      const createdAtMs = runCreatedAtMs(runId);
      if (createdAtMs === undefined) return [];
      const rows = await database.query<NodeRow>(sql.listNodes, [timestamp(createdAtMs), runId, tenantId]);
      return rows.map((row) => parseNode(row, createdAtMs));
    },
  };
}

/** One statement may not touch a row twice: of the records of one execution only the latest is written. */
function latest(records: readonly NodeRecord[]): NodeRecord[] {
  const byExecution = new Map<string, NodeRecord>();
  for (const record of records) {
    const key = `${record.runId} ${record.meta.executionId}`;
    const other = byExecution.get(key);
    if (!other || compareOrder(other, record) < 0) byExecution.set(key, record);
  }
  // The same order in every process, so that two recorders never wait for each other in a circle.
  return [...byExecution].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}

function compareOrder(a: NodeRecord, b: NodeRecord): number {
  const [epochA = 0, seqA = 0] = a.finishedEventId.split('-').map(Number);
  const [epochB = 0, seqB = 0] = b.finishedEventId.split('-').map(Number);
  return epochA - epochB || a.meta.attempt - b.meta.attempt || seqA - seqB;
}

/** In the order of `sql.recordNodes`. */
const nodeColumns: ((record: NodeRecord) => unknown)[] = [
  ({ meta }) => timestamp(meta.createdAtMs),
  (record) => record.runId,
  ({ meta }) => meta.executionId,
  ({ meta }) => meta.tenantId,
  ({ meta }) => meta.appId,
  ({ meta }) => meta.frame,
  ({ meta }) => meta.node,
  ({ meta }) => toColumn(meta.nodeId),
  ({ meta }) => toColumn(meta.nodeType),
  ({ meta }) => toColumn(meta.title),
  ({ meta }) => meta.index,
  ({ meta }) => meta.attempt,
  ({ meta }) => meta.status,
  ({ meta }) => toColumn(meta.handle),
  ({ meta }) => meta.tokens,
  ({ meta }) => timestamp(meta.startedAtMs),
  ({ meta }) => timestamp(meta.finishedAtMs),
  (record) => record.startedEventId,
  (record) => record.finishedEventId,
  (record) => record.startedEvent,
  (record) => record.finishedEvent,
];

interface NodeRow {
  run_id: string;
  execution_id: string;
  tenant_id: string;
  app_id: string;
  frame: number;
  node: number;
  node_id: string;
  node_type: string;
  title: string;
  index: number;
  attempt: number;
  status: string;
  handle: string;
  tokens: number;
  started_at: Date;
  finished_at: Date;
  started_event_id: string;
  finished_event_id: string;
  started_event: string;
  finished_event: string;
}

function parseNode(row: NodeRow, createdAtMs: number): NodeRecord {
  const meta: NodeLedgerMeta = {
    tenantId: row.tenant_id,
    appId: row.app_id,
    createdAtMs,
    frame: row.frame,
    node: row.node,
    nodeId: fromColumn(row.node_id),
    nodeType: fromColumn(row.node_type),
    title: fromColumn(row.title),
    executionId: row.execution_id,
    index: row.index,
    attempt: row.attempt,
    status: row.status as NodeStatus,
    handle: fromColumn(row.handle),
    tokens: row.tokens,
    startedAtMs: row.started_at.getTime(),
    finishedAtMs: row.finished_at.getTime(),
  };
  return {
    runId: row.run_id,
    meta,
    startedEventId: row.started_event_id,
    finishedEventId: row.finished_event_id,
    startedEvent: row.started_event,
    finishedEvent: row.finished_event,
  };
}
