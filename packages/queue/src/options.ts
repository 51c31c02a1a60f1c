import type { JobsOptions } from 'bullmq';

export const queueName = 'nodes';

/** All BullMQ keys of a shard carry its hash tag. */
export const queuePrefix = (shard: number): string => `{s${shard}}`;

/**
 * Q1: a finished job leaves nothing behind, otherwise its id could never be queued again. Said once by the
 * worker, not with every job: what a job carries is written and read three times.
 */
export const leaveNothing = { removeOnComplete: { count: 0 }, removeOnFail: { count: 0 } };

/** Q2: a job that throws (an outage, never a user's error) is tried again until it can be decided. */
export const jobOptions: JobsOptions = {
  attempts: 1_000_000,
  backoff: { type: 'fixed', delay: 1000 },
  stackTraceLimit: 1,
};

/** A dead worker's job is taken over after at most lock + check: 15 s. */
export const lockMs = 10_000;
export const stalledCheckMs = 5_000;
