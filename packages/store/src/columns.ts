/** Rows to the column arrays that `unnest` takes, in the order of `pick`. */
export const toColumns = <Row>(rows: readonly Row[], pick: readonly ((row: Row) => unknown)[]): unknown[][] =>
  pick.map((value) => rows.map(value));

/** A time as statements take it; milliseconds are exact. */
export const timestamp = (ms: number): string => new Date(ms).toISOString();
