import { isAfter } from './event-id.js';
import { isPause, isTerminal } from './event-kind.js';
import type { FollowedRun, RangeRequest, StoredEvent } from './ports.js';

/** Somebody who follows a run. */
export interface Viewer {
  /** `events`: all events after `after`, in order. `end`: only the last two, once the run has ended or paused. */
  wants: 'events' | 'end';
  /** Cursor; absent = from the beginning. */
  after?: string | undefined;
  /** Takes events and answers how many it took; taking fewer means "full, I will call `resume`". */
  deliver(events: StoredEvent[]): number;
  /** Nothing more will come: the run's end lies behind the cursor, or the relay is closing. */
  over(): void;
}

/** A viewer and how far it has got. */
export interface Seat {
  viewer: Viewer;
  after: string | undefined;
  full: boolean;
}

/** Most entries read at a time, so that one long replay does not hold up the others. */
export const pageSize = 200;
/** Entries of the first read: nobody knows yet how large they are. */
const firstPage = 8;
/** Characters that a read should bring, so that a run with large values does not fill the memory. */
const pageCharacters = 1024 * 1024;

/** One run that is being followed, by any number of viewers. */
export interface Watch {
  run: FollowedRun;
  seats: Set<Seat>;
  /** A read is under way; rings meanwhile set `dirty`, so reads of one run never overlap. */
  reading: boolean;
  dirty: boolean;
  /** When it was rung for first since the last read (`performance.now()`), and when it had been for the read under way. */
  rungAt: number | undefined;
  readFor: number | undefined;
  /** Entries to read at a time, by the size of those before. */
  page: number;
  /** Sweeps since the last event. */
  silentSweeps: number;
  /** No event that could end a run lies at or behind anybody's cursor: whether the stream is there is all that is left to ask. */
  tailKnown: boolean;
  /** Newest event that was read for those who wait for the end, and was not it. */
  seen: string | undefined;
  /** The run has ended and its stream is gone: read history instead. */
  gone: boolean;
}

export const createWatch = (run: FollowedRun): Watch => ({
  run,
  seats: new Set(),
  reading: false,
  dirty: false,
  rungAt: undefined,
  readFor: undefined,
  page: firstPage,
  silentSweeps: 0,
  tailKnown: false,
  seen: undefined,
  gone: false,
});

/** A read on behalf of the seats that want the same thing. */
export interface Read {
  watch: Watch;
  request: RangeRequest;
  seats: Seat[];
}

/** The reads a watch needs now: one per distinct cursor, so a slow viewer never holds back another. */
export function readsOf(watch: Watch): Read[] {
  const { run } = watch;
  const waiting = [...watch.seats].filter((seat) => seat.viewer.wants === 'end');
  const following = [...watch.seats].filter((seat) => seat.viewer.wants === 'events' && !seat.full);
  const reads: Read[] = [];
  // A large event is not read again at every look. The last two come in one transition, so none of them is passed over.
  const unseen = watch.seen === undefined ? {} : { after: watch.seen };
  if (waiting.length > 0) reads.push({ watch, request: { run, last: 2, ...unseen }, seats: waiting });
  for (const [after, seats] of Map.groupBy(following, (seat) => seat.after)) {
    const from = after === undefined ? {} : { after };
    reads.push({ watch, request: { run, count: watch.page, ...from }, seats });
  }
  return reads;
}

/** Learns from a whole page how many entries to read next. */
export function turnPage(watch: Watch, events: StoredEvent[]): void {
  const characters = events.reduce((sum, { event }) => sum + event.length, 0);
  const fitting = Math.floor((watch.page * pageCharacters) / Math.max(1, characters));
  watch.page = Math.max(1, Math.min(pageSize, watch.page * 2, fitting));
}

/** Hands events to a seat; answers whether it took any. */
export function deliverTo(seat: Seat, events: StoredEvent[]): boolean {
  if (seat.viewer.wants === 'end') return deliverEnd(seat, events);
  const news = events.filter(({ id }) => isAfter(id, seat.after));
  if (news.length === 0) return false;
  const taken = seat.viewer.deliver(news);
  seat.after = news[taken - 1]?.id ?? seat.after;
  seat.full = taken < news.length;
  return taken > 0;
}

function deliverEnd(seat: Seat, events: StoredEvent[]): boolean {
  const last = events.at(-1);
  if (!last || !(isTerminal(last.event) || isPause(last.event))) return false;
  seat.viewer.deliver(events.slice(-2));
  return true;
}
