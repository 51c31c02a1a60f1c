import type { RunRef } from '@millrace/contracts';
import type { EventSource } from '../relay/ports.js';

/** What the suite needs of an implementation. */
export interface EventSourceFixture {
  source: EventSource;
  append(run: RunRef, id: string, event: string): Promise<void> | void;
  run(): RunRef;
  close?(): Promise<void>;
}

/** The behaviour the relay relies on; every event source must pass. */
export function eventSourceSuite(name: string, create: () => Promise<EventSourceFixture> | EventSourceFixture): void {
  describe(name, () => {
    let fixture: EventSourceFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(() => fixture.close?.());

    const filled = async (): Promise<RunRef> => {
      const run = fixture.run();
      for (const id of ['1-1', '1-2', '1-10', '2-1']) await fixture.append(run, id, `{"event":"e${id}"}`);
      return run;
    };
    const ids = (events: { id: string }[] | undefined): string[] => (events ?? []).map(({ id }) => id);

    it('reads a whole stream in order, with its text untouched', async () => {
      const run = await filled();
      const [events] = await fixture.source.ranges([{ run }]);
      expect(ids(events)).toEqual(['1-1', '1-2', '1-10', '2-1']);
      expect(events?.[0]?.event).toBe('{"event":"e1-1"}');
    });

    it('reads after a cursor, which is exclusive', async () => {
      const run = await filled();
      const [after, between, end] = await fixture.source.ranges([
        { run, after: '1-2' },
        { run, after: '1-5' },
        { run, after: '2-1' },
      ]);
      expect(ids(after)).toEqual(['1-10', '2-1']);
      expect(ids(between)).toEqual(['1-10', '2-1']);
      expect(ids(end)).toEqual([]);
    });

    it('reads a page from the oldest', async () => {
      const run = await filled();
      const [page] = await fixture.source.ranges([{ run, after: '1-1', count: 2 }]);
      expect(ids(page)).toEqual(['1-2', '1-10']);
    });

    it('reads the newest events, oldest first', async () => {
      const run = await filled();
      const [two, many] = await fixture.source.ranges([
        { run, last: 2 },
        { run, last: 9 },
      ]);
      expect(ids(two)).toEqual(['1-10', '2-1']);
      expect(ids(many)).toHaveLength(4);
      const [unseen, none] = await fixture.source.ranges([
        { run, last: 2, after: '1-10' },
        { run, last: 2, after: '2-1' },
      ]);
      expect([ids(unseen), ids(none)]).toEqual([['2-1'], []]);
    });

    it('knows whether a stream is there', async () => {
      expect(await fixture.source.exists(await filled())).toBe(true);
      expect(await fixture.source.exists(fixture.run())).toBe(false);
    });

    it('answers several runs in the order asked; a stream that is gone is empty', async () => {
      const [first, second] = [await filled(), await filled()];
      const answers = await fixture.source.ranges([
        { run: fixture.run(), last: 1 },
        { run: second, last: 1 },
        { run: first, after: '1-2', count: 1 },
      ]);
      expect(answers.map(ids)).toEqual([[], ['2-1'], ['1-10']]);
    });
  });
}
