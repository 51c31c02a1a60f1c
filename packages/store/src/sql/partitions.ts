import type { Statement } from '../database.js';

/** The function is part of the first migration, which needs it too. */
export const ensurePartitions: Statement = {
  name: 'partitions_ensure',
  text: 'SELECT millrace_ensure_partitions($1::date, $2::date) AS made',
};

/** Those with a partition for each day, `<table>_<yyyymmdd>`. */
export const partitionedTables = ['runs', 'node_executions', 'run_archives'];

/** `inhdetachpending` marks a partition whose detaching was interrupted; it must be finished first. */
export const listPartitions: Statement = {
  name: 'partitions_list',
  text: `SELECT parent.relname AS parent, part.relname AS name, i.inhdetachpending AS pending
    FROM pg_inherits i
    JOIN pg_class parent ON parent.oid = i.inhparent
    JOIN pg_class part ON part.oid = i.inhrelid
    WHERE parent.oid IN ('runs'::regclass, 'node_executions'::regclass, 'run_archives'::regclass)
    ORDER BY part.relname`,
};

/**
 * Dropping a partition outright would lock the whole table against inserts while it waits for readers.
 * Detaching it concurrently first does not (it may not run in a transaction). Names come from the catalogue.
 */
export const dropPartition = (parent: string, name: string, pending: boolean): Statement[] => [
  { text: `ALTER TABLE "${parent}" DETACH PARTITION "${name}" ${pending ? 'FINALIZE' : 'CONCURRENTLY'}` },
  { text: `DROP TABLE "${name}"` },
];
