/** `struct tm` of Emscripten's libc; the cage's clock is always UTC. */
export const tm = {
  second: 0,
  minute: 4,
  hour: 8,
  day: 12,
  month: 16,
  year: 20,
  weekday: 24,
  yearDay: 28,
  isDst: 32,
  offset: 36,
};

/** Of the fields above. */
export const tmBytes = 40;

const dayMs = 86_400_000;

export function writeTime(view: DataView, seconds: bigint): void {
  const date = new Date(Number(seconds) * 1_000);
  const set = (field: number, value: number): void => view.setInt32(field, value, true);
  set(tm.second, date.getUTCSeconds());
  set(tm.minute, date.getUTCMinutes());
  set(tm.hour, date.getUTCHours());
  set(tm.day, date.getUTCDate());
  set(tm.month, date.getUTCMonth());
  set(tm.year, date.getUTCFullYear() - 1900);
  set(tm.weekday, date.getUTCDay());
  set(tm.yearDay, Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs));
  set(tm.isDst, 0);
  set(tm.offset, 0);
}

/** Reads a time, normalises its fields, and returns seconds since 1970. */
export function readTime(view: DataView): bigint {
  const get = (field: number): number => view.getInt32(field, true);
  const date = new Date(0);
  date.setUTCFullYear(get(tm.year) + 1900, get(tm.month), get(tm.day));
  date.setUTCHours(get(tm.hour), get(tm.minute), get(tm.second));
  const seconds = Math.floor(date.getTime() / 1_000);
  if (Number.isNaN(seconds)) return -1n;
  writeTime(view, BigInt(seconds));
  return BigInt(seconds);
}
