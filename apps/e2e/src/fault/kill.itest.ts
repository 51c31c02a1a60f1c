import { startHttpTarget, type HttpTarget } from '@millrace/testing';
import { checkStream, Client, collect, type WireEvent } from '../client.js';
import { Fleet } from '../fleet.js';
import { slow } from '../workflows.js';

let fleet: Fleet;
let target: HttpTarget;

beforeEach(async () => {
  [fleet, target] = await Promise.all([Fleet.start({ gateways: 2, workers: 2 }), startHttpTarget({ delayMs: 200 })]);
}, 120_000);
afterEach(async () => {
  await Promise.all([fleet.stop(), target.close()]);
}, 60_000);

/** Follows a run to its end, attaching again (to any gateway) whenever the connection breaks. */
async function followToEnd(client: Client, first: Awaited<ReturnType<Client['stream']>>): Promise<WireEvent[]> {
  const events = await collect(first);
  for (let i = 0; events.at(-1)?.event !== 'workflow_finished' && i < 100; i++) {
    const gateway = new Client(fleet.url(1), client.apiKey);
    events.push(...(await gateway.attach(first.runId, events.at(-1)?.id).then(collect)));
  }
  return events;
}

const count = 100;

async function startRuns(): Promise<{ client: Client; runs: Promise<WireEvent[]>[] }> {
  const client = new Client(fleet.url(), (await fleet.publish(slow(target.url))).apiKey);
  const started = await Promise.all(Array.from({ length: count }, (_, i) => client.stream({ text: `r${i}` })));
  return { client, runs: started.map((run) => followToEnd(client, run)) };
}

function checkRuns(results: WireEvent[][]): void {
  results.forEach((events, i) => {
    checkStream(events);
    expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', outputs: { result: `r${i}!` } });
    const finished = events.filter(({ event }) => event === 'node_finished').map(({ data }) => data['node_id']);
    expect(finished).toEqual(['start', 'call', 'after', 'end']);
  });
}

describe('SIGKILL', () => {
  it('of a worker during 100 runs: each finishes once, its stream contiguous (promises 1-3)', async () => {
    const { runs } = await startRuns();
    await target.received(20);
    fleet.workers[0]?.kill('SIGKILL');
    const killedAt = Date.now();
    checkRuns(await Promise.all(runs));
    expect(Date.now() - killedAt).toBeLessThan(30_000);
  }, 90_000);

  it('of the gateway in mid-stream: clients resume on another, nothing lost or doubled', async () => {
    const { runs } = await startRuns();
    await target.received(20);
    fleet.gateways[0]?.kill('SIGKILL');
    checkRuns(await Promise.all(runs));
  }, 90_000);

  it('of the recorder: history is complete once another one runs', async () => {
    const { client, runs } = await startRuns();
    fleet.recorders[0]?.kill('SIGKILL');
    const results = await Promise.all(runs);
    checkRuns(results);
    await fleet.add('recorder');
    const logs = (await (await client.request('GET', 'workflows/logs')).json()) as { total: number };
    expect(logs.total).toBe(count);
  }, 90_000);
});

describe('a worker that freezes past its lease and thaws', () => {
  it('changes nothing', async () => {
    const { runs } = await startRuns();
    await target.received(20);
    fleet.workers[0]?.kill('SIGSTOP');
    const results = await Promise.all(runs);
    fleet.workers[0]?.kill('SIGCONT');
    checkRuns(results);
  }, 90_000);
});
