import { jest } from '@jest/globals';
import { newRunId } from '@millrace/contracts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createMemoryStreams } from '../testing/memory-streams.js';
import type { FollowedRun, RunHistory, StoredEvent } from './ports.js';
import { createRelay, type FollowOptions, type Following, type Relay } from './relay.js';
import type { Viewer } from './watch.js';

const terminal = '{"event":"workflow_finished"}';
const events = (count: number): StoredEvent[] =>
  Array.from({ length: count }, (_, i) => ({ id: `1-${i + 1}`, event: `{"event":"text_chunk","n":${i}}` }));
const newRun = (): FollowedRun => ({ runId: newRunId(1_770_000_000_000), shard: 0, tenantId: 't', appId: 'a' });

/** A relay that sweeps only when the test says so. */
function setUp(history: RunHistory = { ended: async () => undefined }) {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'performance'] });
  const streams = createMemoryStreams();
  const errors: Error[] = [];
  const relay = createRelay({ source: streams.source, history, bells: [streams.bell], onError: (e) => errors.push(e) });
  return { streams, relay, errors, run: newRun() };
}

/** Lets everything that is due happen. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
};

const sweep = async (times = 1): Promise<void> => {
  for (let i = 0; i < times; i += 1) {
    jest.advanceTimersByTime(1000);
    await settle();
  }
};

class Recorder implements Viewer {
  got: StoredEvent[] = [];
  isOver = false;
  room = Number.POSITIVE_INFINITY;
  following: Following | undefined;
  constructor(
    readonly wants: Viewer['wants'],
    readonly after?: string,
  ) {}
  follow(relay: Relay, run: FollowedRun, options?: FollowOptions): this {
    this.following = relay.follow(run, this, options);
    return this;
  }
  deliver(news: StoredEvent[]): number {
    const taken = news.slice(0, this.room);
    this.room -= taken.length;
    this.got.push(...taken);
    return taken.length;
  }
  over(): void {
    this.isOver = true;
    this.following?.leave();
  }
  ids(): string[] {
    return this.got.map(({ id }) => id);
  }
}

afterEach(() => jest.useRealTimers());

describe('relay', () => {
  it('sends what is there and what comes, each once and in order (R2)', async () => {
    const { streams, relay, run } = setUp();
    for (const { id, event } of events(3)) streams.append(run, id, event);
    const viewer = new Recorder('events').follow(relay, run);
    streams.append(run, '1-4', '{}');
    await settle();
    streams.append(run, '1-5', '{}');
    streams.append(run, '1-6', terminal);
    await settle();
    expect(viewer.ids()).toEqual(['1-1', '1-2', '1-3', '1-4', '1-5', '1-6']);
  });

  it('begins after the cursor', async () => {
    const { streams, relay, run } = setUp();
    for (const { id, event } of events(5)) streams.append(run, id, event);
    const viewer = new Recorder('events', '1-3').follow(relay, run);
    await settle();
    expect(viewer.ids()).toEqual(['1-4', '1-5']);
  });

  it('finds lost rings by a sweep (R1)', async () => {
    const { streams, relay, run } = setUp();
    const viewer = new Recorder('events').follow(relay, run, { accepted: true });
    await settle();
    streams.append(run, '1-1', '{}', { ring: false });
    await settle();
    expect(viewer.got).toEqual([]);
    await sweep();
    expect(viewer.ids()).toEqual(['1-1']);
  });

  it('reads all due runs in one round trip (R3)', async () => {
    const { streams, relay } = setUp();
    const runs = Array.from({ length: 50 }, newRun);
    const viewers = runs.map((run) => new Recorder('events').follow(relay, run));
    await settle();
    streams.reads = 0;
    for (const run of runs) streams.append(run, '1-1', '{}');
    await settle();
    expect(viewers.every((viewer) => viewer.got.length === 1)).toBe(true);
    expect(streams.reads).toBe(1);
  });

  it('leaves a full viewer out until it resumes; others go on (R4)', async () => {
    const { streams, relay, run } = setUp();
    const slow = new Recorder('events');
    slow.room = 2;
    slow.follow(relay, run);
    const fast = new Recorder('events').follow(relay, run);
    for (const { id, event } of events(6)) streams.append(run, id, event);
    await settle();
    expect([slow.got.length, fast.got.length]).toEqual([2, 6]);
    slow.room = 100;
    slow.following?.resume();
    await settle();
    expect(slow.ids()).toEqual(fast.ids());
  });

  it('reads a long stream page by page', async () => {
    const { streams, relay, run } = setUp();
    for (const { id, event } of events(1001)) streams.append(run, id, event, { ring: false });
    const viewer = new Recorder('events').follow(relay, run);
    await settle();
    expect(viewer.ids()).toEqual(events(1001).map(({ id }) => id));
  });

  it('reads a few events at a time when they are large, and many when they are small', async () => {
    const { streams, relay, run } = setUp();
    const large = JSON.stringify({ event: 'node_finished', text: 'x'.repeat(500_000) });
    for (const { id } of events(60)) streams.append(run, id, large, { ring: false });
    const viewer = new Recorder('events').follow(relay, run);
    for (let turn = 0; turn < 10; turn += 1) await settle();
    expect(viewer.got).toHaveLength(60);
    expect(streams.largestRead).toBeLessThanOrEqual(8 * large.length);
    const [other, before] = [newRun(), streams.reads];
    for (const { id, event } of events(1_000)) streams.append(other, id, event, { ring: false });
    new Recorder('events').follow(relay, other);
    for (let turn = 0; turn < 10; turn += 1) await settle();
    expect(streams.reads - before).toBeLessThan(12);
  });

  it('gives a waiting viewer only the end', async () => {
    const { streams, relay, run } = setUp();
    const viewer = new Recorder('end').follow(relay, run, { accepted: true });
    for (const { id, event } of events(4)) streams.append(run, id, event);
    await settle();
    expect(viewer.got).toEqual([]);
    streams.append(run, '1-5', '{"event":"error"}');
    streams.append(run, '1-6', terminal);
    await settle();
    expect(viewer.ids()).toEqual(['1-5', '1-6']);
  });

  it('gives who waits for the end what the ring brings, without a read; others read (R1)', async () => {
    const { streams, relay, run } = setUp();
    const waiting = new Recorder('end').follow(relay, run, { accepted: true });
    const ending = [
      { id: '1-5', event: '{"event":"error"}' },
      { id: '1-6', event: terminal },
    ];
    streams.ring(run, ending);
    expect(waiting.got).toEqual(ending);
    await settle();
    expect(streams.reads).toBe(0);

    const following = new Recorder('events').follow(relay, run);
    await settle();
    for (const { id, event } of ending) streams.append(run, id, event, { ring: false });
    streams.ring(run, ending);
    await settle();
    expect(following.ids()).toEqual(['1-5', '1-6']);
  });

  it('hears a ring that came before the viewer', async () => {
    const { streams, relay, run } = setUp();
    streams.append(run, '1-1', terminal);
    const viewer = new Recorder('end').follow(relay, run, { accepted: true });
    await settle();
    expect(viewer.ids()).toEqual(['1-1']);
  });

  it('asks the doorbell for runs that another gateway accepted', () => {
    const { streams, relay, run } = setUp();
    new Recorder('events').follow(relay, newRun(), { accepted: true });
    new Recorder('events').follow(relay, run);
    expect(streams.bell.watched).toEqual([run.runId]);
  });

  it('serves a stream that is gone from history, at the cursor (R5)', async () => {
    const kept = [...events(3), { id: '1-4', event: terminal }];
    const { relay, run } = setUp({ ended: async () => kept });
    const viewer = new Recorder('events', '1-2').follow(relay, run, { gone: true });
    await settle();
    expect(viewer.ids()).toEqual(['1-3', '1-4']);
    expect(viewer.isOver).toBe(true);
  });

  it('notices that a stream went away while it was followed (R5)', async () => {
    const history: { events?: StoredEvent[] } = {};
    const { streams, relay, run } = setUp({ ended: async () => history.events });
    const viewer = new Recorder('events').follow(relay, run);
    const waiting = new Recorder('end').follow(relay, run);
    streams.append(run, '1-1', '{}');
    await settle();
    streams.drop(run);
    history.events = [
      { id: '1-1', event: '{}' },
      { id: '1-2', event: terminal },
    ];
    await sweep(12);
    expect(viewer.ids()).toEqual(['1-1', '1-2']);
    expect(waiting.ids()).toEqual(['1-1', '1-2']);
  });

  it('tells a viewer whose cursor lies behind the end', async () => {
    const { streams, relay, run } = setUp();
    streams.append(run, '1-1', terminal);
    const viewer = new Recorder('events', '9-9').follow(relay, run);
    await sweep(6);
    expect([viewer.got, viewer.isOver]).toEqual([[], true]);
  });

  it('reads a large event once for whoever waits, however long nothing follows it', async () => {
    const { streams, relay, run } = setUp();
    const viewer = new Recorder('events').follow(relay, run);
    const waiting = new Recorder('end').follow(relay, run, { accepted: true });
    const large = JSON.stringify({ event: 'node_finished', text: 'x'.repeat(1_000_000) });
    streams.append(run, '1-1', large);
    await settle();
    await sweep(60);
    // For each of the two, and once to see that the stream does not end there.
    expect(streams.charactersRead).toBeLessThanOrEqual(3 * large.length);
    streams.append(run, '1-2', '{"event":"error"}', { ring: false });
    streams.append(run, '1-3', terminal, { ring: false });
    await sweep();
    expect([viewer.ids(), waiting.ids()]).toEqual([
      ['1-1', '1-2', '1-3'],
      ['1-2', '1-3'],
    ]);
  });

  it('tells a late viewer whose cursor lies behind the end that another has seen', async () => {
    const { streams, relay, run } = setUp();
    new Recorder('events').follow(relay, run);
    streams.append(run, '1-1', '{}');
    await sweep(6);
    const ahead = new Recorder('events', '9-9').follow(relay, run);
    await sweep(6);
    streams.append(run, '1-2', terminal);
    await sweep(6);
    expect([ahead.got, ahead.isOver]).toEqual([[], true]);
  });

  it('outlives an outage', async () => {
    const { streams, relay, run, errors } = setUp();
    const viewer = new Recorder('events').follow(relay, run);
    await settle();
    streams.outage = true;
    streams.append(run, '1-1', '{}');
    await sweep(3);
    expect(errors.length).toBeGreaterThan(0);
    expect(viewer.isOver).toBe(false);
    streams.outage = false;
    await sweep();
    expect(viewer.ids()).toEqual(['1-1']);
  });

  it('forgets viewers that leave', async () => {
    const { streams, relay, run } = setUp();
    const viewer = new Recorder('events').follow(relay, run);
    await settle();
    expect(relay.viewers()).toEqual({ events: 1, end: 0, full: 0 });
    viewer.following?.leave();
    streams.append(run, '1-1', '{}');
    await sweep();
    expect(viewer.got).toEqual([]);
    expect(relay.viewers()).toEqual({ events: 0, end: 0, full: 0 });
  });

  it('drains: streams end at once, also new ones; blocking calls are answered', async () => {
    const { relay, run, streams } = setUp();
    const stream = new Recorder('events').follow(relay, run);
    const waiting = new Recorder('end').follow(relay, run, { accepted: true });
    relay.drain();
    const late = new Recorder('events').follow(relay, run);
    expect(stream.isOver).toBe(true);
    streams.append(run, '1-1', terminal);
    await settle();
    expect([waiting.got.length, late.isOver]).toEqual([1, true]);
  });

  it('closes: what still waits is told so', () => {
    const { relay, run } = setUp();
    const waiting = new Recorder('end').follow(relay, run, { accepted: true });
    relay.close();
    expect(waiting.isOver).toBe(true);
  });
});
