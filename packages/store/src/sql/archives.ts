import type { Statement } from '../database.js';

/**
 * Archives of many runs in one statement. One that was stored again (a recorder died before it acknowledged)
 * replaces only an earlier epoch or a shorter stream, so the order does not matter.
 */
export const saveArchives: Statement = {
  name: 'run_archives_save',
  text: `INSERT INTO run_archives AS a (created_at, run_id, tenant_id, epoch, event_count, codec, events)
    SELECT * FROM unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::text[], $7::bytea[])
    ON CONFLICT (created_at, run_id) DO UPDATE SET
      epoch = excluded.epoch, event_count = excluded.event_count, codec = excluded.codec, events = excluded.events
    WHERE a.tenant_id = excluded.tenant_id AND (a.epoch, a.event_count) < (excluded.epoch, excluded.event_count)`,
};

export const loadArchive: Statement = {
  name: 'run_archives_load',
  text: 'SELECT codec, events FROM run_archives WHERE created_at = $1 AND run_id = $2 AND tenant_id = $3',
};
