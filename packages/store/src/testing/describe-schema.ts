import pg from 'pg';

/** Columns, constraints and indexes of a database, one line each, without partitions and Prisma's own table. */
export async function describeSchema(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(`
      WITH tables AS (
        SELECT oid, relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
          AND relname <> '_prisma_migrations'
      )
      SELECT relname || ': column ' || attname || ' ' || format_type(atttypid, atttypmod)
          || CASE WHEN attnotnull THEN ' not null' ELSE '' END
          || coalesce(' default ' || pg_get_expr(adbin, adrelid), '') AS line
        FROM tables JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      UNION ALL
      SELECT relname || ': constraint ' || conname || ' ' || pg_get_constraintdef(c.oid)
        FROM tables JOIN pg_constraint c ON conrelid = tables.oid WHERE contype <> 'n'
      UNION ALL
      SELECT relname || ': index ' || indexrelid::regclass || ' ' || replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
        FROM tables JOIN pg_index ON indrelid = oid
      ORDER BY 1`);
    return rows.map((row) => row.line);
  } finally {
    await client.end();
  }
}
