import type { Statement } from '../database.js';

export const setting: Statement = { text: 'SELECT value FROM settings WHERE name = $1' };

export const keepSetting: Statement = {
  text: 'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING',
};

/** A few sealed texts of each kind: enough to tell whether the key is theirs. */
export const someSealed: Statement = {
  text: `(SELECT sealed FROM provider_credentials LIMIT 3)
    UNION ALL (SELECT sealed FROM app_keys LIMIT 3)
    UNION ALL (SELECT workflow AS sealed FROM workflow_versions WHERE workflow NOT LIKE '{%' LIMIT 3)`,
};

/** A table with a column of sealed texts. */
export interface SealedColumn {
  table: string;
  column: string;
  /** Columns of the primary key and their types. */
  key: readonly [name: string, type: string][];
  /** SQL of the place that a text is bound to. */
  place: string;
}

/** Everything that MILLRACE_SECRET_KEY seals besides the check (`secret-check.ts`). */
export const sealedColumns: readonly SealedColumn[] = [
  {
    ...{ table: 'provider_credentials', column: 'sealed' },
    key: [
      ['tenant_id', 'uuid'],
      ['provider', 'text'],
    ],
    place: `'credentials:' || tenant_id || ':' || provider`,
  },
  { table: 'app_keys', column: 'sealed', key: [['id', 'uuid']], place: `'app-key:' || id` },
  { table: 'workflow_versions', column: 'workflow', key: [['id', 'uuid']], place: `'workflow:' || app_id` },
];

const columns = (key: SealedColumn['key']): string => key.map(([name]) => name).join(', ');
const values = (key: SealedColumn['key'], parameter: number): string =>
  key.map(([, type], i) => `(($${parameter}::text[])[${i + 1}])::${type}`).join(', ');

/** Texts sealed with another key than the one of id `$1`, by primary key, after the row of key `$2`, at most `$3`. */
export const sealedOtherwise = ({ table, column, key, place }: SealedColumn): Statement => ({
  text: `SELECT ARRAY[${key.map(([name]) => `${name}::text`).join(', ')}] AS key, ${place} AS place, ${column} AS sealed
    FROM ${table}
    WHERE (${columns(key)}) > (${values(key, 2)}) AND ${column} LIKE 'v1.%' AND ${column} NOT LIKE 'v1.' || $1 || '.%'
    ORDER BY ${columns(key)} LIMIT $3`,
});

/** Replaces the text of the row of key `$1` if it still is `$2`. */
export const reseal = ({ table, column, key }: SealedColumn): Statement => ({
  text: `UPDATE ${table} SET ${column} = $3 WHERE (${columns(key)}) = (${values(key, 1)}) AND ${column} = $2 RETURNING 1 AS done`,
});

export const replaceSetting: Statement = {
  text: 'UPDATE settings SET value = $2 WHERE name = $1',
};
