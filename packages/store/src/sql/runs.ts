import type { Statement } from '../database.js';

/** Columns of a run as `parseListedRun` reads them. bigint comes as float8, which JavaScript holds anyway. */
const listed = `r.context, r.version_label, r.epoch, r.status, r.error, r.error_code,
  r.elapsed_seconds, r.total_tokens::float8 AS total_tokens, r.total_steps, r.exceptions_count, r.finished_at,
  r.triggered_from, r.created_from`;

/** As `parseRun` reads them: with the run's values. Lists do without; they may be megabytes each. */
const columns = `${listed}, r.inputs, r.outputs`;

const acceptedColumns = `created_at, id, tenant_id, app_id, version_id, version_label, task_id, shard, epoch,
      end_user_id, session_id, inputs, context, trace_id, triggered_from, created_from`;
const acceptedRows = `unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[],
      $8::int[], $9::int[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])`;

/**
 * Many accepted runs in one statement: one commit, and one flush of the disk, for all that arrived while the
 * last one was under way. Arrays, so that the text of the statement is the same for any number of rows and
 * stays prepared. DO NOTHING makes a repeated call after a lost answer harmless.
 */
export const insertAccepted: Statement = {
  name: 'runs_insert_accepted',
  text: `INSERT INTO runs (${acceptedColumns})
    SELECT * FROM ${acceptedRows}
    ON CONFLICT (id, created_at) DO NOTHING`,
};

/** Only a run that has not ended can be refused. An insert that comes after its refusal (its answer was lost) finds the row. */
export const markRefused: Statement = {
  name: 'runs_mark_refused',
  text: `INSERT INTO runs AS r (${acceptedColumns}, status)
    SELECT *, 'refused' FROM ${acceptedRows}
    ON CONFLICT (id, created_at) DO UPDATE SET status = 'refused'
    WHERE r.tenant_id = excluded.tenant_id AND r.status = 'accepted' RETURNING r.id`,
};

/**
 * Endings of many runs. `status = 'accepted'` is the guard that keeps a terminal status for ever: of two
 * writers the second waits for the first's row lock and then finds nothing to update. The epoch fences a
 * worker that still follows a run which was rebuilt meanwhile. `id = ANY` and the bounds $13 and $14 repeat
 * what the join says, so that no plan can read more than these rows, and partitions of other days are left out.
 */
export const saveEndings: Statement = {
  name: 'runs_save_endings',
  text: `UPDATE runs AS r SET status = e.status, error = e.error, error_code = e.error_code, outputs = e.outputs,
      elapsed_seconds = e.elapsed_seconds, total_tokens = e.total_tokens, total_steps = e.total_steps,
      exceptions_count = e.exceptions_count, finished_at = e.finished_at
    FROM unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::float8[], $9::bigint[], $10::int[], $11::int[], $12::timestamptz[], $15::int[])
      AS e(created_at, id, tenant_id, status, error, error_code, outputs, elapsed_seconds, total_tokens, total_steps,
        exceptions_count, finished_at, epoch)
    WHERE r.id = ANY($2::uuid[]) AND r.id = e.id AND r.created_at = e.created_at AND r.tenant_id = e.tenant_id
      AND r.status = 'accepted' AND r.epoch <= coalesce(e.epoch, r.epoch) AND r.created_at >= $13 AND r.created_at <= $14
    RETURNING r.id`,
};

/** The endings that were there first, for those a group could not write (rare). */
export const readEndings: Statement = {
  name: 'runs_read_endings',
  text: `SELECT r.id, ${columns} FROM runs r
    JOIN unnest($1::timestamptz[], $2::uuid[], $3::uuid[]) AS k(created_at, id, tenant_id)
      ON r.created_at = k.created_at AND r.id = k.id AND r.tenant_id = k.tenant_id
    WHERE r.id = ANY($2::uuid[]) AND r.created_at >= $4 AND r.created_at <= $5`,
};

/** By primary key: the run's id carries its creation time, and with it the one partition to look at. */
export const getRun: Statement = {
  name: 'runs_get',
  text: `SELECT ${columns} FROM runs r WHERE r.created_at = $1 AND r.id = $2 AND r.tenant_id = $3 AND r.app_id = $4`,
};

/** A task id says nothing about time: its index is probed in each partition. Only stopping asks. */
export const getRunForTask: Statement = {
  name: 'runs_get_for_task',
  text: `SELECT ${listed} FROM runs r WHERE r.task_id = $1 AND r.tenant_id = $2 AND r.app_id = $3 LIMIT 1`,
};

/** By id alone, for callers who may see all of a tenant's apps. */
export const findRun: Statement = {
  name: 'runs_find',
  text: `SELECT ${columns} FROM runs r WHERE r.created_at = $1 AND r.id = $2 AND r.tenant_id = $3 AND r.status <> 'refused'`,
};

/**
 * Runs of a trace, newest first: by the public id $2, or by the OpenTelemetry id $3, which is the public one of most runs
 * and else stands in the context. No id says anything about time: the indexes are probed in each partition. Only people
 * ask. (A hash index knows no `= ANY`.)
 */
export const runsOfTrace: Statement = {
  name: 'runs_of_trace',
  text: `SELECT ${listed} FROM (
      SELECT * FROM runs WHERE trace_id = $2
      UNION ALL
      SELECT * FROM runs WHERE trace_id = $3 AND $3 <> $2
      UNION ALL
      SELECT * FROM runs WHERE substring(context FROM '"traceparent":"00-([0-9a-f]{32})') = $3
        AND trace_id !~ '^[0-9a-f]{32}$' AND trace_id <> $2
    ) AS r WHERE r.tenant_id = $1 AND r.status <> 'refused' ORDER BY r.id DESC LIMIT $4`,
};

/**
 * The newest runs of several apps ($2). Each app's are read from `(app_id, id)`, so a small app costs nothing beside a
 * large one and no index by tenant is needed. The times $5 and $6 choose partitions, the ids $7 and $8 say the same for
 * the index; $7 is exclusive.
 */
export const recentRuns: Statement = {
  name: 'runs_recent',
  text: `SELECT ${listed} FROM unnest($2::uuid[]) AS a(app_id) CROSS JOIN LATERAL (
      SELECT * FROM runs
      WHERE app_id = a.app_id AND tenant_id = $1 AND status <> 'refused'
        AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR session_id = $4)
        AND created_at <= $5::timestamptz AND created_at >= $6::timestamptz AND id < $7::uuid AND id >= $8::uuid
      ORDER BY id DESC LIMIT $9) AS r
    ORDER BY r.id DESC LIMIT $9`,
};

/**
 * The reconciler's page, oldest first, over the small partial index of runs that have not ended
 * (`runs_unfinished_idx`). Ids are ordered by time; the times repeat the bounds for the choice of partitions.
 */
export const unfinishedRuns: Statement = {
  name: 'runs_unfinished',
  text: `SELECT ${columns} FROM runs r
    WHERE r.shard = $1 AND r.status = 'accepted' AND r.id < $2 AND r.id > $3 AND r.created_at < $4 AND r.created_at >= $5
    ORDER BY r.id LIMIT $6`,
};

/** The same walk for those who only look: the oldest first. */
export const unfinishedRunIds: Statement = {
  name: 'runs_unfinished_ids',
  text: `SELECT r.id FROM runs r WHERE r.shard = $1 AND r.status = 'accepted' ORDER BY r.id LIMIT $2`,
};

/** Those of the given runs that have ended (or were refused), and whether their events are archived. */
export const endedRuns: Statement = {
  name: 'runs_ended',
  text: `SELECT r.id, r.epoch, a.run_id IS NOT NULL AS archived FROM runs r
    JOIN unnest($1::timestamptz[], $2::uuid[], $3::uuid[]) AS k(created_at, id, tenant_id)
      ON r.created_at = k.created_at AND r.id = k.id AND r.tenant_id = k.tenant_id
    LEFT JOIN run_archives a ON a.created_at = r.created_at AND a.run_id = r.id AND a.tenant_id = r.tenant_id
    WHERE r.id = ANY($2::uuid[]) AND r.status <> 'accepted' AND r.created_at >= $4 AND r.created_at <= $5`,
};

/** A rebuilt run lives on under the next epoch; ended ones keep theirs. */
export const raiseEpochs: Statement = {
  name: 'runs_raise_epochs',
  text: `UPDATE runs AS r SET epoch = r.epoch + 1
    FROM unnest($1::timestamptz[], $2::uuid[], $3::uuid[]) AS k(created_at, id, tenant_id)
    WHERE r.id = ANY($2::uuid[]) AND r.id = k.id AND r.created_at = k.created_at AND r.tenant_id = k.tenant_id
      AND r.status = 'accepted' AND r.created_at >= $4 AND r.created_at <= $5
    RETURNING r.id, r.epoch`,
};

/**
 * Filters of the log (service-api 2.5), which shows no test runs of the console; a filter that is null matches all. Both statements walk `(app_id, id)`,
 * and ids are ordered by time, so that without a keyword a page costs what it shows. The times $4 and $5 choose
 * partitions, the ids $6 and $7 say the same for the index.
 */
const logFilter = `r.tenant_id = $1 AND r.app_id = $2 AND r.status <> 'refused' AND r.triggered_from = 'app-run'
  AND ($3::text IS NULL OR r.status = $3)
  AND r.created_at <= $4::timestamptz AND r.created_at >= $5::timestamptz AND r.id <= $6::uuid AND r.id >= $7::uuid
  AND ($8::text IS NULL OR r.session_id = $8)
  AND ($9::text IS NULL OR r.inputs ILIKE $9 OR r.outputs ILIKE $9 OR r.session_id ILIKE $9 OR r.id = $10::uuid)`;

export const logPage: Statement = {
  name: 'runs_log_page',
  text: `SELECT ${listed} FROM runs r WHERE ${logFilter}
    ORDER BY r.id DESC LIMIT $11 OFFSET $12`,
};

export const logTotal: Statement = {
  name: 'runs_log_total',
  text: `SELECT count(*)::float8 AS total FROM runs r WHERE ${logFilter}`,
};
