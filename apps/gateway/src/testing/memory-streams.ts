import type { RunRef } from '@millrace/contracts';
import { isAfter } from '../relay/event-id.js';
import type { Bell, EventSource, StoredEvent } from '../relay/ports.js';

/** Event streams in memory; passes the same suite as the ones in Redis. */
export interface MemoryStreams {
  source: EventSource;
  bell: Bell & { watched: string[] };
  /** Appends an event, and rings unless told not to. */
  append(run: RunRef, id: string, event: string, options?: { ring?: boolean }): void;
  /** @param ending the last events, for those who wait for nothing else */
  ring(run: RunRef, ending?: StoredEvent[]): void;
  drop(run: RunRef): void;
  /** While set, reads reject. */
  outage: boolean;
  /** Round trips so far. */
  reads: number;
  /** Most characters that one read of one run brought. */
  largestRead: number;
  /** Characters of all reads so far. */
  charactersRead: number;
}

export function createMemoryStreams(): MemoryStreams {
  const streams = new Map<string, StoredEvent[]>();
  const listeners: ((runId: string, ending?: StoredEvent[]) => void)[] = [];
  const watched: string[] = [];
  const ring = ({ runId }: RunRef, ending?: StoredEvent[]): void =>
    listeners.forEach((listener) => listener(runId, ending));

  const memory: MemoryStreams = {
    outage: false,
    reads: 0,
    largestRead: 0,
    charactersRead: 0,
    ring,
    source: {
      async ranges(requests) {
        await Promise.resolve();
        if (memory.outage) throw new Error('Redis is away');
        memory.reads += 1;
        return requests.map(({ run, after, count, last }) => {
          const events = streams.get(run.runId) ?? [];
          const news = events.filter(({ id }) => isAfter(id, after));
          const found = last === undefined ? news.slice(0, count) : news.slice(-last);
          const size = found.reduce((sum, { event }) => sum + event.length, 0);
          memory.largestRead = Math.max(memory.largestRead, size);
          memory.charactersRead += size;
          return found;
        });
      },
      async exists({ runId }) {
        await Promise.resolve();
        if (memory.outage) throw new Error('Redis is away');
        return streams.has(runId);
      },
    },
    bell: {
      watched,
      onRing: (listener) => void listeners.push(listener),
      watch: async ({ runId }) => void watched.push(runId),
    },
    append(run, id, event, options = {}) {
      const events = streams.get(run.runId) ?? [];
      streams.set(run.runId, [...events, { id, event }]);
      if (options.ring !== false) ring(run);
    },
    drop: ({ runId }) => void streams.delete(runId),
  };
  return memory;
}
