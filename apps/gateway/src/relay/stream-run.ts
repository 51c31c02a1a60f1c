import type { ServerResponse } from 'node:http';
import { isPause, isTerminal } from './event-kind.js';
import type { FollowedRun, StoredEvent } from './ports.js';
import type { FollowOptions, Following, Relay } from './relay.js';
import { openSseSession } from './sse-session.js';

export interface StreamRunOptions extends FollowOptions {
  /** Send events after this id; absent = from the beginning. */
  after?: string | undefined;
  /** Keep the stream open at `workflow_paused`. Default false. */
  continueOnPause?: boolean;
  /** Called once when the stream has ended, with the terminal event when it was reached. */
  onEnd?: (terminal: string | undefined) => void;
}

/** Streams a run's events to a client until the terminal one, or until the client or the relay goes. */
export function streamRun(relay: Relay, run: FollowedRun, res: ServerResponse, options: StreamRunOptions = {}): void {
  const { after, continueOnPause = false, onEnd, ...follow } = options;
  const closes = ({ event }: StoredEvent): boolean => isTerminal(event) || (!continueOnPause && isPause(event));
  let ended = false;

  const end = (terminal?: string): void => {
    if (ended) return;
    ended = true;
    following.leave();
    onEnd?.(terminal);
  };
  // Neither callback comes before this function has returned.
  const session = openSseSession(res, {
    // One who submitted the run hears a ping every ten seconds, one who attaches to it after as many of silence.
    pingsThroughout: follow.accepted === true,
    onDrain: () => following.resume(),
    onClose: () => end(),
  });

  const following: Following = relay.follow(
    run,
    {
      wants: 'events',
      after,
      deliver(events) {
        const last = events.findIndex(closes);
        const taken = session.send(last < 0 ? events : events.slice(0, last + 1));
        if (last < 0 || taken <= last) return taken;
        const closing = events[last]?.event;
        end(closing !== undefined && isTerminal(closing) ? closing : undefined);
        session.end();
        return taken;
      },
      over() {
        end();
        session.end();
      },
    },
    follow,
  );
}
