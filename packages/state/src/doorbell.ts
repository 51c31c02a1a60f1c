import type { RunRef } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import { runKeys, shardKeys } from './keys.js';
import { callScript } from './scripts.js';

/**
 * Hears that runs have something new. A ring carries the run's id only and may be lost:
 * the stream is the truth, a sweep must catch what no ring announced.
 */
export interface Doorbell {
  /** Channel to name in `StartRequest.bell`. */
  channel: string;
  onRing(listener: (runId: string) => void): void;
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
      void subscriber.on('message', (from: string, runId: string) => {
        if (from === channel) listener(runId);
      }),
    watch: async (run) => {
      await callScript(redis, 'watch', [runKeys.state(run)], [channel]);
    },
    close: async () => {
      await subscriber.unsubscribe(channel);
    },
  };
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
