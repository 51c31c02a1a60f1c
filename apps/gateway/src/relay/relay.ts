/**
 * Follows runs on behalf of any number of clients.
 *
 * R1: the stream is the truth; a ring says look, or brings the end to those who wait for nothing else. What no ring announced, a
 *   sweep finds within a second.
 * R2: reads of one run never overlap, so a viewer sees events in order and each once.
 * R3: all runs that are due are read in one round trip, however many there are.
 * R4: a viewer that is full is left out until it resumes; it never holds back another.
 * R5: a stream that is gone is served from history, at the same cursor.
 */
import { isAfter } from './event-id.js';
import { isTerminal } from './event-kind.js';
import type { Bell, EventSource, FollowedRun, RunHistory, StoredEvent } from './ports.js';
import { createWatch, deliverTo, readsOf, turnPage, type Read, type Seat, type Viewer, type Watch } from './watch.js';

export interface RelayOptions {
  source: EventSource;
  history: RunHistory;
  /** One doorbell per shard, by shard number. */
  bells: readonly Bell[];
  /** Told when Redis or Postgres cannot be read; the next sweep tries again. */
  onError: (error: Error) => void;
  /** Told how long, in seconds, events were on their way from their ring to clients' buffers. */
  onDelivered?: (seconds: number) => void;
  /** Time between sweeps, ms. Default 1000. */
  sweepMs?: number;
}

export interface FollowOptions {
  /** Accepted by this gateway just now: its doorbell is already set. */
  accepted?: boolean;
  /** The run has ended and its stream is gone: read history at once. */
  gone?: boolean;
}

export interface Following {
  /** The viewer has room again. */
  resume(): void;
  leave(): void;
}

export interface Relay {
  follow(run: FollowedRun, viewer: Viewer, options?: FollowOptions): Following;
  /** Newest event of a run's stream, `undefined` when the stream is gone. Rejects when Redis is away. */
  last(run: FollowedRun): Promise<StoredEvent | undefined>;
  /** How many clients follow a run, by what they want, and how many of them are full. */
  viewers(): Record<Viewer['wants'] | 'full', number>;
  /** Ends streams at once, and those that come later; blocking calls may still wait. */
  drain(): void;
  /** Ends all that is left, and reads no more. */
  close(): void;
}

/** Sweeps without an event after which a run is looked up in history, should its stream be gone. */
const silentSweepsBeforeCheck = 5;

export function createRelay({ source, history, bells, onError, onDelivered, sweepMs = 1000 }: RelayOptions): Relay {
  const watches = new Map<string, Watch>();
  const due = new Set<Watch>();
  // Rings for runs nobody watches yet: a fast run may ring before its request has come to follow it.
  let rungNow = new Set<string>();
  let rungBefore = new Set<string>();
  let flushing: NodeJS.Immediate | undefined;
  let draining = false;

  for (const bell of bells) {
    bell.onRing((runId, ending) => {
      const watch = watches.get(runId);
      if (!watch) {
        rungNow.add(runId);
        return;
      }
      if (ending && !bringEnd(watch, ending)) return;
      watch.rungAt ??= performance.now();
      markDue(watch);
    });
  }
  const sweeper = setInterval(sweep, sweepMs);
  sweeper.unref();

  /** Answers whether others are left, who have to read. */
  function bringEnd({ seats }: Watch, ending: StoredEvent[]): boolean {
    const rungAt = performance.now();
    const waiting = [...seats].filter(({ viewer }) => viewer.wants === 'end');
    for (const seat of waiting) deliverTo(seat, ending);
    if (waiting.length > 0) onDelivered?.((performance.now() - rungAt) / 1000);
    return [...seats].some(({ viewer }) => viewer.wants === 'events');
  }

  function markDue(watch: Watch): void {
    watch.dirty = true;
    if (watch.reading) return;
    due.add(watch);
    flushing ??= setImmediate(flush);
  }

  function flush(): void {
    flushing = undefined;
    const batch = [...due];
    due.clear();
    for (const watch of batch) {
      watch.dirty = false;
      watch.reading = true;
      watch.readFor = watch.rungAt;
      watch.rungAt = undefined;
    }
    const live = batch.filter((watch) => !watch.gone);
    readStreams(live)
      .catch((error: unknown) => onError(error as Error))
      .finally(() => live.forEach(release));
    for (const watch of batch.filter((each) => each.gone)) void readHistory(watch).finally(() => release(watch));
  }

  /** R2: only now may the run be read again. */
  function release(watch: Watch): void {
    watch.reading = false;
    if (watch.dirty && watches.has(watch.run.runId)) markDue(watch);
  }

  async function readStreams(batch: Watch[]): Promise<void> {
    const reads = batch.flatMap(readsOf);
    if (reads.length === 0) return;
    const answers = await source.ranges(reads.map(({ request }) => request));
    reads.forEach((read, index) => settle(read, answers[index] ?? []));
  }

  function settle({ watch, request, seats }: Read, events: StoredEvent[]): void {
    let taken = false;
    for (const seat of seats) if (watch.seats.has(seat) && deliverTo(seat, events)) taken = true;
    if (taken) delivered(watch);
    else if (request.last !== undefined) watch.seen = events.at(-1)?.id ?? watch.seen;
    if (!taken || request.count === undefined || events.length < request.count) return;
    watch.dirty = true;
    turnPage(watch, events);
  }

  function delivered(watch: Watch): void {
    watch.silentSweeps = 0;
    if (watch.readFor === undefined) return;
    onDelivered?.((performance.now() - watch.readFor) / 1000);
    watch.readFor = undefined;
  }

  /** R5 */
  async function readHistory(watch: Watch): Promise<void> {
    try {
      const events = await history.ended(watch.run);
      if (!events) return;
      watch.gone = true;
      const ready = [...watch.seats].filter((seat) => !seat.full);
      for (const seat of ready) deliverTo(seat, events);
      for (const seat of ready) if (watch.seats.has(seat) && !seat.full) seat.viewer.over();
    } catch (error) {
      onError(error as Error);
    }
  }

  /** Looks after runs that have been silent for long: has the stream gone, or has it ended behind a cursor? */
  async function check(silent: Watch[]): Promise<void> {
    const { known = [], unknown = [] } = Object.groupBy(silent, ({ tailKnown }) => (tailKnown ? 'known' : 'unknown'));
    const existing = known.map(async (watch) => ((await source.exists(watch.run)) ? undefined : readHistory(watch)));
    const tails = unknown.length === 0 ? [] : await source.ranges(unknown.map(({ run }) => ({ run, last: 1 })));
    const reading = unknown.map(async (watch, index) => {
      const last = tails[index]?.at(-1);
      if (!last) return readHistory(watch);
      if (isTerminal(last.event)) return endBehind(watch, last.id);
      // A large event is not read again and again while a long node runs.
      watch.tailKnown = [...watch.seats].every(({ after }) => !after || !isAfter(after, last.id));
    });
    await Promise.all([...existing, ...reading]);
  }

  function endBehind(watch: Watch, lastId: string): void {
    for (const seat of [...watch.seats]) {
      if (seat.viewer.wants === 'events' && !seat.full && !isAfter(lastId, seat.after)) seat.viewer.over();
    }
  }

  /** R1 */
  function sweep(): void {
    [rungBefore, rungNow] = [rungNow, new Set()];
    const silent: Watch[] = [];
    for (const watch of watches.values()) {
      markDue(watch);
      watch.silentSweeps += 1;
      if (watch.silentSweeps % silentSweepsBeforeCheck === 0) silent.push(watch);
    }
    if (silent.length > 0) check(silent).catch((error: unknown) => onError(error as Error));
  }

  function leave(watch: Watch, seat: Seat): void {
    if (!watch.seats.delete(seat) || watch.seats.size > 0) return;
    watches.delete(watch.run.runId);
    due.delete(watch);
  }

  const seats = (): Seat[] => [...watches.values()].flatMap((watch) => [...watch.seats]);

  return {
    follow(run, viewer, { accepted = false, gone = false } = {}) {
      const watch = watches.get(run.runId) ?? createWatch(run);
      watch.gone ||= gone;
      watches.set(run.runId, watch);
      const seat: Seat = { viewer, after: viewer.after, full: false };
      watch.seats.add(seat);
      watch.tailKnown = false;
      watch.seen = undefined;
      if (!accepted && !gone) bells[run.shard]?.watch(run).catch(onError);
      const rung = rungNow.delete(run.runId) || rungBefore.delete(run.runId);
      // The end of a run accepted just now has yet to come: its ring is enough.
      if (rung || !accepted || viewer.wants === 'events') markDue(watch);
      if (draining && viewer.wants === 'events') queueMicrotask(() => viewer.over());
      return {
        resume() {
          seat.full = false;
          if (watch.seats.has(seat)) markDue(watch);
        },
        leave: () => leave(watch, seat),
      };
    },

    async last(run) {
      const [events] = await source.ranges([{ run, last: 1 }]);
      return events?.at(-1);
    },

    viewers() {
      const counts = { events: 0, end: 0, full: 0 };
      for (const { viewer, full } of seats()) {
        counts[viewer.wants] += 1;
        if (full) counts.full += 1;
      }
      return counts;
    },

    drain() {
      draining = true;
      for (const { viewer } of seats()) if (viewer.wants === 'events') viewer.over();
    },

    close() {
      draining = true;
      for (const { viewer } of seats()) viewer.over();
      clearInterval(sweeper);
      if (flushing) clearImmediate(flushing);
    },
  };
}
