/**
 * Label of a newly published version: UTC time with microseconds, `2026-02-03 04:05:06.789012`, always above
 * the last one's, also when the clock went back or two are published in one millisecond.
 */
export function nextVersionLabel(nowMs: number, last?: string): string {
  const label = format(nowMs, 0);
  if (last === undefined || label > last) return label;
  const lastMs = Date.parse(`${last.slice(0, 23).replace(' ', 'T')}Z`);
  const micros = Number(last.slice(23)) + 1;
  return micros < 1000 ? format(lastMs, micros) : format(lastMs + 1, 0);
}

const format = (ms: number, micros: number): string =>
  new Date(ms).toISOString().replace('T', ' ').replace('Z', String(micros).padStart(3, '0'));
