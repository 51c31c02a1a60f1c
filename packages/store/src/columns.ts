/**
 * Rows to the column arrays that `unnest` takes, in the order of `pick`. A column of plain values is written here, as the text
 * of the array: `pg` would look for characters to escape in every one of them.
 */
export const toColumns = <Row>(
  rows: readonly Row[],
  pick: readonly ((row: Row) => unknown)[],
): (string | unknown[])[] =>
  pick.map((pickOne) => {
    const values = rows.map(pickOne);
    return values.every(isPlain) ? `{${values.join(',')}}` : values;
  });

/** Ids, numbers, times, names: what an array takes as it is. `NULL` there means null, in any case. */
const plain = /^(?!null$)[\w.:-]+$/i;
const isPlain = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && plain.test(value));

/** A time as statements take it; milliseconds are exact. */
export const timestamp = (ms: number): string => new Date(ms).toISOString();
