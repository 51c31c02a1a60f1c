import type { RunRef } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import { runKeys, shardKeys } from './keys.js';
import type { StoredEvent } from './run-events.js';
import { callScript } from './scripts.js';

/**
 * Hears that runs have something new. A ring may be lost: the stream is the truth, a sweep must catch what no ring announced.
 * It carries the run's id and, for who waits for the end only, mostly the end itself.
 */
export interface Doorbell {
  /** Channel to name in `StartRequest.bell`. */
  channel: string;
  /** @param listener told the run's id, and its last events (the terminal one last) when the ring carries them */
  onRing(listener: (runId: string, ending?: StoredEvent[]) => void): void;
  /** Rings from now on for a run that was accepted elsewhere. */
  watch(run: RunRef): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param subscriber patient connection of its own (a subscribed connection can do nothing else)
 * @param gateway id of this process, unique among gateways
 */
export function createDoorbell(
  redis: Redis,
  subscriber: Redis,
  shard: number,
  gateway: string,
  onError: (error: Error) => void,
): Doorbell {
  const channel = shardKeys.bell(shard, gateway);
  subscribe(subscriber, channel, onError);
  return {
    channel,
    onRing: (listener) =>
      void subscriber.on('message', (from: string, message: string) => {
        if (from !== channel) return;
        const [runId = '', ...lines] = message.split('\n');
        listener(runId, lines.length > 0 ? endingOf(lines) : undefined);
      }),
    watch: async (run) => {
      await callScript(redis, 'watch', [runKeys.state(run)], [channel]);
    },
    close: async () => {
      await subscriber.unsubscribe(channel);
    },
  };
}

/** @param lines id, event, id, event … (publish-end-7.lua) */
function endingOf(lines: string[]): StoredEvent[] {
  const ending: StoredEvent[] = [];
  for (let at = 0; at + 1 < lines.length; at += 2) ending.push({ id: lines[at] ?? '', event: lines[at + 1] ?? '' });
  return ending;
}

/** Hears ids of runs whose end was decided (stop, failure, time limit). */
export function onStops(
  subscriber: Redis,
  shard: number,
  listener: (runId: string) => void,
  onError: (error: Error) => void,
): void {
  const channel = shardKeys.stops(shard);
  subscriber.on('message', (from: string, runId: string) => {
    if (from === channel) listener(runId);
  });
  subscribe(subscriber, channel, onError);
}

/** Subscribes as soon as Redis is there; ioredis subscribes again after each reconnect. */
function subscribe(subscriber: Redis, channel: string, onError: (error: Error) => void): void {
  subscriber.subscribe(channel).catch(onError);
}
