/**
 * Run ids are UUIDv7: 48 bits of Unix ms, then version and random bits. Their order is that of time, which
 * saves indexes a column.
 */

/** The last time that ids, JavaScript and PostgreSQL write in the same way: the end of the year 9999. */
export const maxIdMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The nearest time within these limits. */
export const withinIds = (ms: number): number => Math.min(Math.max(Math.round(ms), 0), maxIdMs);

/** Not above any run id of this millisecond, and above all before it. */
export const firstRunIdOf = (ms: number): string => idOf(ms, '0');

/** Not below any run id of this millisecond, and below all after it. */
export const lastRunIdOf = (ms: number): string => idOf(ms, 'f');

function idOf(ms: number, fill: string): string {
  const time = ms.toString(16).padStart(12, '0');
  const rest = (digits: number) => fill.repeat(digits);
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest(4)}-${rest(4)}-${rest(12)}`;
}
