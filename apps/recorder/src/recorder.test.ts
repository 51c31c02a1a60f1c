import type { LedgerEntry } from '@millrace/contracts';
import { createLogger, createMetrics } from '@millrace/telemetry';
import { backoffMs } from './backoff.js';
import { createRecorderMetrics } from './metrics.js';
import type { ArchivedRun, EventStreams, History, LedgerReader } from './ports.js';
import { groupsOf } from './record.js';
import { runRecorder } from './recorder.js';

/** An entry that points at one settled node, whose finishing event has the entry's id. */
const node = (id: string, runId = 'run'): LedgerEntry => ({
  ...{ id, kind: 'nodes', runId, bytes: 0, tenantId: 't', appId: 'a', createdAtMs: 0, ranges: [{ from: id, to: id }] },
});
const end = (id: string, runId: string): LedgerEntry => ({
  ...{ id, kind: 'end', runId, bytes: 0, tenantId: 't', appId: 'a', createdAtMs: 0, epoch: 1 },
});
const outage = new Error('down');

interface Script {
  /** Batches of new entries; when they are used up, the recorder is stopped. */
  batches: LedgerEntry[][];
  reclaimed?: { entry: LedgerEntry; deliveries: number }[];
  /** Entry and run ids that can never be stored. */
  poison?: string[];
  /** How many writes in a row find the store away. */
  outages?: number;
}

/** Runs the recorder over a script; answers everything it did, in order. */
async function play({ batches, reclaimed = [], poison = [], outages = 0 }: Script): Promise<string[]> {
  const did: string[] = [];
  const stop = new AbortController();
  const bad = new Set(poison);
  let away = outages;
  const whenThere = (): void => {
    if (away-- > 0) throw outage;
  };
  const ledger: LedgerReader = {
    read: () => {
      const batch = batches.shift();
      if (!batch) stop.abort();
      return Promise.resolve(batch ?? []);
    },
    reclaim: () => Promise.resolve(reclaimed.splice(0)),
    ack: (ids) => Promise.resolve(void did.push(`ack ${ids.join(' ')}`)),
    park: (entries) => Promise.resolve(void did.push(`park ${entries.map(({ id }) => id).join(' ')}`)),
  };
  const history: History = {
    recordNodes: async (records) => {
      whenThere();
      did.push(`nodes ${records.map(({ finishedEventId }) => finishedEventId).join(' ')}`);
      return Promise.resolve(records.map(({ finishedEventId: id }) => (bad.has(id) ? new Error('bad') : undefined)));
    },
    saveArchives: async (runs: ArchivedRun[]) => {
      whenThere();
      did.push(`archive ${runs.map(({ runId }) => runId).join(' ')}`);
      return Promise.resolve(runs.map(({ runId }) => (bad.has(runId) ? new Error('bad') : undefined)));
    },
  };
  const events: EventStreams = {
    ranges: (requests) =>
      Promise.resolve(
        requests.map(({ run, to }) => {
          if (run.runId === 'gone') return [];
          // The run `quick` has a node of which the ledger tells only with the end.
          const id = run.runId === 'quick' ? 'q' : to;
          const started = { id: `started ${id}`, event: '{}' };
          return id === undefined
            ? [started]
            : [started, { id, event: '{}', node: { meta: '{}', index: 1, startedEventId: started.id } }];
        }),
      ),
    expire: (runs) => Promise.resolve(void did.push(`expire ${runs.map(({ runId }) => runId).join(' ')}`)),
  };
  const metrics = createMetrics({ service: 'test' });
  await runRecorder(
    {
      shard: 0,
      ledger,
      events,
      history,
      metrics: createRecorderMetrics(metrics),
      log: createLogger({ service: 'test', level: 'silent' }),
      pause: () => Promise.resolve(),
    },
    stop.signal,
  );
  return did;
}

describe('the recorder', () => {
  it('writes nodes, then archives, then limits the keys, then acknowledges (R1, R2)', async () => {
    expect(await play({ batches: [[node('1'), end('2', 'a'), node('3'), end('4', 'b')]] })).toEqual([
      'nodes 1 3',
      'archive a b',
      'expire a b',
      'ack 1 2 3 4',
    ]);
  });

  it('leaves a bad entry unacknowledged and records the others (R3)', async () => {
    expect(await play({ batches: [[node('1'), node('2'), end('3', 'a'), end('4', 'b')]], poison: ['2', 'a'] })).toEqual(
      ['nodes 1 2', 'archive a b', 'expire b', 'ack 1 4'],
    );
  });

  it('keeps the stream of an ended run as long as one of its nodes is not recorded (R2)', async () => {
    expect(await play({ batches: [[end('1', 'quick')]], poison: ['q'] })).toEqual(['nodes q', 'archive quick']);
    expect(await play({ batches: [[end('1', 'quick')]] })).toEqual([
      'nodes q',
      'archive quick',
      'expire quick',
      'ack 1',
    ]);
  });

  it('waits through an outage (R4)', async () => {
    expect(await play({ batches: [[node('1'), end('2', 'a')]], outages: 5 })).toEqual([
      'nodes 1',
      'archive a',
      'expire a',
      'ack 1 2',
    ]);
  });

  it('archives a run once when its end is told twice, and none whose stream is gone', async () => {
    expect(await play({ batches: [[end('1', 'a'), end('2', 'a'), end('3', 'gone')]] })).toEqual([
      'archive a',
      'expire a gone',
      'ack 1 2 3',
    ]);
  });

  it('tries suspects alone and sets aside what was delivered too often', async () => {
    const reclaimed = [
      { entry: node('1'), deliveries: 2 },
      { entry: node('2'), deliveries: 2 },
      { entry: node('3'), deliveries: 4 },
      { entry: end('4', 'x'), deliveries: 21 },
    ];
    expect(await play({ batches: [[]], reclaimed, poison: ['3'] })).toEqual([
      'park 4',
      'ack 4',
      'nodes 1 2',
      'ack 1 2',
      'nodes 3',
    ]);
  });

  it('backs off up to a limit, with jitter', () => {
    expect(backoffMs(1, 0)).toBe(50);
    expect(backoffMs(3, 0.5)).toBe(300);
    expect(backoffMs(50, 1)).toBe(5000);
  });
});

it('has no more entries in memory than their events leave room for', () => {
  const small = Array.from({ length: 150 }, (_, at) => end(`${at}`, `run${at}`));
  const large = [40, 40, 10, 500, 1].map((mib, at) => ({ ...end(`l${at}`, `large${at}`), bytes: mib * 1024 * 1024 }));
  const groups = groupsOf([...small, ...large]);
  expect(groups.flat()).toEqual([...small, ...large]);
  expect(groups.map((group) => group.length)).toEqual([100, 51, 2, 1, 1]);
});
