import type { Database } from './database.js';
import { checkName, checkText } from './secret-check.js';
import { SecretError, type SecretBox } from './secrets.js';
import * as sql from './sql/sealed.js';

/** What a rotation did to one table. */
export interface RotatedTable {
  table: string;
  /** Texts that are sealed with the current key now and were not before. */
  resealed: number;
  /** Primary keys of rows that no key opens. */
  unreadable: string[];
}

/**
 * Seals everything anew with MILLRACE_SECRET_KEY that was sealed with an older key. Services may run meanwhile: a text that
 * somebody replaces is left as they wrote it (T1). Repeating it, also after a kill, does what is left (T2).
 */
export interface Rotation {
  /**
   * @param options.acceptLoss the rows that no key opens are lost, and no reason to keep an older key. Default: they are, and the
   *   check (`secret-check.ts`) stays with the older key (T3)
   */
  rotate(options?: { acceptLoss?: boolean; batch?: number }): Promise<RotatedTable[]>;
}

const first = ['00000000-0000-0000-0000-000000000000', ''];

interface Row {
  key: string[];
  place: string;
  sealed: string;
}

export function createRotation(database: Database, secrets: SecretBox): Rotation {
  const openOrNothing = ({ sealed, place }: Row): string | undefined => {
    try {
      return secrets.open(sealed, place);
    } catch (error) {
      if (error instanceof SecretError) return undefined;
      throw error;
    }
  };

  async function rotateTable(column: sql.SealedColumn, batch: number): Promise<RotatedTable> {
    const result: RotatedTable = { table: column.table, resealed: 0, unreadable: [] };
    const reseal = async (row: Row): Promise<void> => {
      const text = openOrNothing(row);
      if (text === undefined) {
        result.unreadable.push(row.key.join('/'));
        return;
      }
      const fresh = secrets.seal(text, row.place);
      const done = await database.query(sql.reseal(column), [row.key, row.sealed, fresh]);
      result.resealed += done.length;
    };
    for (let after = first; ;) {
      const rows = await database.query<Row>(sql.sealedOtherwise(column), [secrets.keyId, after, batch]);
      await Promise.all(rows.map(reseal));
      const last = rows.at(-1);
      if (!last || rows.length < batch) return result;
      after = last.key;
    }
  }

  return {
    async rotate({ acceptLoss = false, batch = 100 } = {}) {
      const tables: RotatedTable[] = [];
      for (const column of sql.sealedColumns) tables.push(await rotateTable(column, batch));
      if (acceptLoss || tables.every(({ unreadable }) => unreadable.length === 0)) {
        const check = [checkName, secrets.seal(checkText, checkName)];
        await database.query(sql.keepSetting, check);
        await database.query(sql.replaceSetting, check);
      }
      return tables;
    },
  };
}
