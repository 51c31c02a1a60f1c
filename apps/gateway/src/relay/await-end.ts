import type { FollowedRun, StoredEvent } from './ports.js';
import type { Relay } from './relay.js';

/**
 * Waits for the end (or a pause) of a run accepted by this gateway just now.
 * @param deadlineMs how long to wait at most
 * @param signal aborted when nobody waits any more
 * @returns the last two events, or `undefined` when the run goes on
 */
export function awaitEnd(
  relay: Relay,
  run: FollowedRun,
  deadlineMs: number,
  signal: { onAbort(listener: () => void): void },
): Promise<StoredEvent[] | undefined> {
  return new Promise((resolve) => {
    const settle = (events: StoredEvent[] | undefined): void => {
      clearTimeout(timer);
      following.leave();
      resolve(events);
    };
    const timer = setTimeout(() => settle(undefined), deadlineMs);
    const following = relay.follow(
      run,
      {
        wants: 'end',
        deliver(events) {
          settle(events);
          return events.length;
        },
        over: () => settle(undefined),
      },
      { accepted: true },
    );
    signal.onAbort(() => settle(undefined));
  });
}
