/** The value below which a share `p` (0–1) of the sorted values lies; NaN when there are none. */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? Number.NaN;
}

export interface Latencies {
  p50: number;
  p95: number;
  p99: number;
}

/** @param digits decimals that are kept; default 2 */
export function latencies(values: readonly number[], digits = 2): Latencies {
  const sorted = Float64Array.from(values).sort();
  const at = (p: number): number => round(percentile(sorted, p), digits);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));
