import type { Statement } from '../database.js';

export const serverFacts: Statement = {
  text: `SELECT current_setting('server_version') AS version,
      current_setting('server_version_num')::int / 10000 AS major,
      current_setting('max_connections')::int AS "maxConnections",
      (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
      (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`,
};
