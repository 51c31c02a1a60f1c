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
 * @param subscriber connection of its own (a subscribed connection can do nothing else)
 * @param gateway id of this process, unique among gateways
 */
export async function createDoorbell(
  redis: Redis,
  subscriber: Redis,
  shard: number,
  gateway: string,
  onError: (error: Error) => void,
): Promise<Doorbell> {
  const channel = shardKeys.bell(shard, gateway);
  await subscribe(subscriber, channel, onError);
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
export async function onStops(
  subscriber: Redis,
  shard: number,
  listener: (runId: string) => void,
  onError: (error: Error) => void,
): Promise<void> {
  const channel = shardKeys.stops(shard);
  subscriber.on('message', (from: string, runId: string) => {
    if (from === channel) listener(runId);
  });
  await subscribe(subscriber, channel, onError);
}

/** Subscribes; when Redis is away at start, ioredis subscribes again as soon as it is back. */
async function subscribe(subscriber: Redis, channel: string, onError: (error: Error) => void): Promise<void> {
  try {
    await subscriber.subscribe(channel);
  } catch (error) {
    onError(error as Error);
    subscriber.once('ready', () => void subscriber.subscribe(channel).catch(onError));
  }
}
