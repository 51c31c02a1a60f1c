import { z } from 'zod';

/** The one job type: execute a node. Ids only; users' data and secrets stay out of the queue. */
export const nodeJob = z.object({
  /** Format of the run (`format.ts`). */
  v: z.number().int(),
  runId: z.string(),
  shard: z.number().int(),
  tenantId: z.string(),
  versionId: z.string(),
  frame: z.number().int(),
  node: z.number().int(),
  attempt: z.number().int(),
  /** Number of the node whose edge made this one ready; absent for the root. */
  predecessor: z.number().int().optional(),
  /** Queued once more, because nobody had begun the node in time (empty), or the lease of whoever has this token ran out. */
  overdueToken: z.string().optional(),
  /** Unix ms at which the node became ready. */
  readyAtMs: z.number(),
  traceparent: z.string().optional(),
  /** Span of the attempt before this one, which failed; absent when it was not traced. */
  formerSpanId: z.string().optional(),
});
export type NodeJob = z.infer<typeof nodeJob>;

/** Deterministic, so that queueing twice is harmless. No `:` (BullMQ reserves it). */
export const nodeJobId = (job: Pick<NodeJob, 'runId' | 'frame' | 'node' | 'attempt'>): string =>
  `${job.runId}-${job.frame}-${job.node}-${job.attempt}`;

/** Port to the queue of ready nodes. */
export interface NodeQueue {
  /**
   * Queues jobs; one that is still queued or running under the same id is left alone.
   * @param options `late`: jobs of these ids may have run in vain, before their nodes were ready, and be running still: these get
   *   ids of their own. A node that has begun gives a second job nothing
   */
  add(jobs: NodeJob[], options?: { delayMs?: number; late?: boolean }): Promise<void>;
}
