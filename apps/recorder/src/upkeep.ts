import type { Logger } from '@millrace/telemetry';
import { repeatUntilShutdown, type Pause } from './backoff.js';

/** The daily partitions of the run-shaped tables, as `@millrace/store` offers them. */
export interface PartitionKeeper {
  ensureAhead(nowMs: number): Promise<number>;
  dropBefore(ms: number): Promise<string[]>;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export interface UpkeepDeps {
  partitions: PartitionKeeper;
  /** Removes files that are past their time. */
  sweepFiles: (nowMs: number) => Promise<{ files: number; drafts: number }>;
  retentionDays: number;
  log: Logger;
  pause: Pause;
  now: () => number;
}

/**
 * Makes the next partitions, drops the days that are past retention and sweeps files, at once and every hour, until
 * `signal` aborts. Every recorder does it: all steps are idempotent.
 */
export async function runUpkeep(deps: UpkeepDeps, signal: AbortSignal): Promise<void> {
  const { partitions, sweepFiles, retentionDays, log, pause, now } = deps;
  const turn = async (): Promise<void> => {
    const made = await partitions.ensureAhead(now());
    const dropped = await partitions.dropBefore(now() - retentionDays * dayMs);
    if (made > 0 || dropped.length > 0) log.info({ made, dropped }, 'partitions kept');
    const swept = await sweepFiles(now());
    if (swept.files > 0 || swept.drafts > 0) log.info(swept, 'files swept');
    await pause(hourMs, signal);
  };
  const onRetry = (error: unknown, failures: number): void =>
    log.warn({ err: error, failures }, 'upkeep failed, trying again');
  await repeatUntilShutdown(turn, { signal, pause, onRetry });
}
