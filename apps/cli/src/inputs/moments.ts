import { InvalidArgumentError } from 'commander';

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A point in time as ISO 8601: `15m`, `2h`, `7d` ago, or a date or time of its own (UTC unless it names a zone).
 * @throws InvalidArgumentError
 */
export function parseMoment(text: string, nowMs: number): string {
  const ago = /^(\d{1,6})([smhd])$/.exec(text.trim());
  if (ago) return new Date(nowMs - Number(ago[1]) * unitsMs[ago[2] as keyof typeof unitsMs]).toISOString();
  const dated = /^\d{4}-\d{2}-\d{2}/.test(text) ? text.trim() : '';
  const zoned = /([Zz]|[+-]\d{2}:?\d{2})$/.test(dated.slice(10)) || dated.length === 10 ? dated : `${dated}Z`;
  const ms = Date.parse(zoned);
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError("It must be a time such as 2026-11-25T08:00, or how long ago: '15m', '2h', '7d'.");
}
