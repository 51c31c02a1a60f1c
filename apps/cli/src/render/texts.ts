import stringWidth from 'string-width';
import { safe } from '../output.js';

/** A duration for people: `7 ms`, `1.24 s`, `3 min 05 s`, `2 h 10 min`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const two = (n: number): string => String(n).padStart(2, '0');
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}

/** Unix seconds as `2026-11-25 20:48:58` (UTC). */
export const timeText = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');

export const tokensText = (tokens: number): string => `${tokens} ${tokens === 1 ? 'token' : 'tokens'}`;

/** One line of at most `width` columns; what is cut is marked by `…`. */
export function cut(text: string, width: number): string {
  const line = safe(text).replace(/\s*\n\s*/g, ' ');
  if (stringWidth(line) <= width) return line;
  let kept = '';
  let columns = 0;
  for (const character of line) {
    columns += stringWidth(character);
    if (columns > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Fills up to `width` columns. */
export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)));

export { stringWidth };
