import type { RunRef } from '@millrace/contracts';

/** One public event of a run, as it is stored and as it goes to clients. */
export interface StoredEvent {
  /** `<epoch>-<seq>`, the SSE id. */
  id: string;
  /** The event's JSON on one line. */
  event: string;
}

export interface RangeRequest {
  run: RunRef;
  /** Exclusive; absent = from the beginning. */
  after?: string;
  /** At most this many events, from the oldest. Default: all. */
  count?: number;
  /** Only the newest this many, oldest first. Then `count` is absent. */
  last?: number;
}

/** Reads the event streams of runs that are in Redis. A stream that is gone reads as empty. */
export interface EventSource {
  /** Several reads in one round trip, answered in the order asked. */
  ranges(requests: RangeRequest[]): Promise<StoredEvent[][]>;
  exists(run: RunRef): Promise<boolean>;
}

/** Says "look": rings may be lost, and a ring for a run nobody watches is normal. */
export interface Bell {
  /** @param listener told the run's id, and its last events (the terminal one last) when the ring carries them */
  onRing(listener: (runId: string, ending?: StoredEvent[]) => void): void;
  /** Rings from now on for a run that another gateway accepted. */
  watch(run: RunRef): Promise<void>;
}

/** A run that can be followed: its history is looked up by tenant. */
export interface FollowedRun extends RunRef {
  tenantId: string;
  appId: string;
}

/** What is known of runs whose stream is gone. */
export interface RunHistory {
  /**
   * The events of an ended run with their ids, the terminal one last (it alone when nothing else
   * was kept); `undefined` while the run has not ended.
   */
  ended(run: FollowedRun): Promise<StoredEvent[] | undefined>;
}
