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
  retentionDays: number;
  log: Logger;
  pause: Pause;
  now: () => number;
}

/**
 * Makes the next partitions and drops the days that are past retention, at once and every hour, until
 * `signal` aborts. Every recorder does it: both steps are idempotent.
 */
export async function runUpkeep(deps: UpkeepDeps, signal: AbortSignal): Promise<void> {
  const { partitions, retentionDays, log, pause, now } = deps;
  const turn = async (): Promise<void> => {
    const made = await partitions.ensureAhead(now());
    const dropped = await partitions.dropBefore(now() - retentionDays * dayMs);
    if (made > 0 || dropped.length > 0) log.info({ made, dropped }, 'partitions kept');
    await pause(hourMs, signal);
  };
  const onRetry = (error: unknown, failures: number): void =>
    log.warn({ err: error, failures }, 'partitions could not be kept, trying again');
  await repeatUntilShutdown(turn, { signal, pause, onRetry });
}
