import type { Statement } from '../database.js';

/** `<epoch>-<seq>` as numbers: text would put `1-10` before `1-9`. An empty id (no event) comes first. */
const order = (id: string): string =>
  `coalesce(nullif(split_part(${id}, '-', 1), '')::int, 0), n.attempt, coalesce(nullif(split_part(${id}, '-', 2), '')::bigint, 0)`;

/**
 * Many results in one statement. Recorders may repeat and reorder what they read from the ledger, so the
 * upsert commutes: the row with the later epoch, attempt and finishing event stays, whichever came first.
 */
export const recordNodes: Statement = {
  name: 'node_executions_record',
  text: `INSERT INTO node_executions AS n (created_at, run_id, execution_id, tenant_id, app_id, frame, node, node_id,
      node_type, title, index, attempt, status, handle, tokens, started_at, finished_at, started_event_id,
      finished_event_id, started_event, finished_event)
    SELECT * FROM unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::int[],
      $8::text[], $9::text[], $10::text[], $11::int[], $12::int[], $13::text[], $14::text[], $15::bigint[],
      $16::timestamptz[], $17::timestamptz[], $18::text[], $19::text[], $20::text[], $21::text[])
    ON CONFLICT (created_at, run_id, execution_id) DO UPDATE SET
      index = excluded.index, attempt = excluded.attempt, status = excluded.status, handle = excluded.handle,
      tokens = excluded.tokens, started_at = excluded.started_at, finished_at = excluded.finished_at,
      started_event_id = excluded.started_event_id, finished_event_id = excluded.finished_event_id,
      started_event = excluded.started_event, finished_event = excluded.finished_event
    WHERE n.tenant_id = excluded.tenant_id
      AND (${order('n.finished_event_id')}) < (${order('excluded.finished_event_id').replace('n.attempt', 'excluded.attempt')})`,
};

/** All results of a run, for rebuilding it and for its detail page: one partition, by primary key. */
export const listNodes: Statement = {
  name: 'node_executions_list',
  text: `SELECT run_id, execution_id, tenant_id, app_id, frame, node, node_id, node_type, title, index, attempt, status,
      handle, tokens::float8 AS tokens, started_at, finished_at, started_event_id, finished_event_id, started_event,
      finished_event
    FROM node_executions WHERE created_at = $1 AND run_id = $2 AND tenant_id = $3 ORDER BY index, attempt`,
};
