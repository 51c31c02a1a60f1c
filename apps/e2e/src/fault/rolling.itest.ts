/**
 * The topology of docker-compose.yml as plain processes behind a real nginx with the configuration of infra/nginx: every
 * process is restarted in turn by SIGTERM while runs keep coming. Promises 1 to 3 and 5, and:
 *
 * L1: every submission is answered 200, or 202 after the deadline of a blocking call; none is repeated.
 * L2: every run succeeds, with its own outputs, and its nodes call out once: nothing is lost or done twice.
 * L3: every stream, resumed as often as it takes, is the whole stream: gapless, and equal to what is replayed later.
 * L4: every process ends by itself, with code 0, within 30 s.
 */
import { request } from 'node:http';
import {
  isFullRun,
  provideNginx,
  startHttpTarget,
  startModelServer,
  startNginx,
  type HttpTarget,
  type ModelServer,
  type TestNginx,
} from '@millrace/testing';
import { checkStream, Client, collect, type BlockingBody, type WireEvent } from '../client.js';
import { Fleet, type ServiceName } from '../fleet.js';
import { ask, chain5, slow } from '../workflows.js';

const [rounds, everyMs] = isFullRun() ? [3, 30] : [1, 60];
const nginxProgram = provideNginx();

const order: [ServiceName, number][] = [
  ...[0, 1].map((index): [ServiceName, number] => ['gateway', index]),
  ...[0, 1, 2].map((index): [ServiceName, number] => ['worker', index]),
  ...[0, 1].map((index): [ServiceName, number] => ['recorder', index]),
];
const story = 'Once upon a time a mill stood by a race, and the wheel turned as long as the water came down to it.';

let fleet: Fleet;
let nginx: TestNginx;
let target: HttpTarget;
let model: ModelServer;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Outcome {
  runId: string;
  resumed: number;
  /** Of a streamed run. */
  events?: WireEvent[];
  outputs: unknown;
}

/** Goes on after the last event seen, through the proxy, until the run has ended. */
async function follow(client: Client, runId: string, events: WireEvent[]): Promise<number> {
  let resumed = 0;
  while (events.at(-1)?.event !== 'workflow_finished') {
    if ((resumed += 1) > 1000) throw new Error(`run ${runId} does not end`);
    events.push(...(await collect(await client.attach(runId, events.at(-1)?.id ?? '0-0'))));
  }
  return resumed;
}

async function stream(client: Client, inputs: object): Promise<Outcome> {
  const run = await client.stream(inputs); // L1: throws unless it is 200
  const events = await collect(run);
  const resumed = await follow(client, run.runId, events);
  checkStream(events); // L3
  const { status, outputs } = events.at(-1)?.data as { status: string; outputs: unknown };
  if (status !== 'succeeded') throw new Error(`run ${run.runId} ${status}`);
  return { runId: run.runId, resumed, events, outputs };
}

async function block(client: Client, inputs: object): Promise<Outcome> {
  const { status, body } = await client.blocking(inputs);
  if (status === 200 && body.data.status === 'succeeded')
    return { runId: body.workflow_run_id, resumed: 0, outputs: body.data.outputs };
  if (status !== 202) throw new Error(`blocking: ${status} ${JSON.stringify(body)}`); // L1
  return later(client, body);
}

async function later(client: Client, { workflow_run_id: runId }: BlockingBody): Promise<Outcome> {
  const events: WireEvent[] = [];
  const resumed = await follow(client, runId, events);
  expect(await client.detail(runId)).toMatchObject({ status: 'succeeded' });
  return { runId, resumed, outputs: events.at(-1)?.data['outputs'] };
}

(nginxProgram === undefined ? describe.skip : describe)('a rolling restart behind nginx (nginx is needed)', () => {
  beforeAll(async () => {
    [fleet, target, model] = await Promise.all([
      Fleet.start({ gateways: 2, workers: 3, recorders: 2 }),
      // One call in ten is long enough to meet the restart of its worker.
      startHttpTarget(() => ({ delayMs: target.requests.length % 10 === 0 ? 4000 : 150 })),
      startModelServer({ text: story, chunksPerSecond: 12 }),
    ]);
    await fleet.saveModel(model.baseUrl);
    nginx = await startNginx(
      nginxProgram ?? '',
      fleet.gateways.map(({ port }) => `127.0.0.1:${port}`),
    );
  }, 120_000);
  afterAll(async () => {
    await Promise.all([nginx.close(), fleet.stop(), target.close(), model.close()]);
  }, 60_000);

  it('of every process, under load: 0 failed runs, 0 lost or doubled events', async () => {
    const calls = new Client(nginx.url, (await fleet.publish(slow(target.url))).apiKey);
    const tells = new Client(nginx.url, (await fleet.publish(ask())).apiKey);
    const kinds = [
      (text: string) => stream(calls, { text }),
      (text: string) => block(calls, { text }),
      (text: string) => stream(tells, { question: text }),
      (text: string) => block(tells, { question: text }),
    ];

    const runs: Promise<PromiseSettledResult<Outcome>>[] = [];
    const restarted = new AbortController();
    const load = (async () => {
      for (let i = 0; !restarted.signal.aborted; i++) {
        const run = kinds[i % kinds.length]?.(`r${i}`);
        if (run) runs.push(Promise.allSettled([run]).then(([result]) => result));
        await pause(everyMs);
      }
    })();

    const exits: Record<string, unknown>[] = [];
    await pause(1000);
    for (let round = 0; round < rounds; round++) {
      for (const [name, index] of order) {
        exits.push({ name, index, ...(await fleet.restart(name, index)) });
        await pause(500);
      }
    }
    restarted.abort();
    await load;

    const results = await Promise.all(runs);
    const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => String(reason));
    expect(failures).toEqual([]); // L1, L3
    expect(exits.filter(({ code, ms }) => code !== 0 || Number(ms) > 30_000)).toEqual([]); // L4

    const outcomes = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    outcomes.forEach(({ outputs }, i) => {
      expect(outputs).toEqual(i % 4 < 2 ? { result: `r${i}!` } : { answer: story });
    });
    // The restarts did meet runs on their way.
    expect(outcomes.some(({ resumed }) => resumed > 0)).toBe(true);
    // L2: one call out for each run, and as many runs in the history.
    const counts = [0, 1].map((kind) => outcomes.filter((_, i) => Math.floor((i % 4) / 2) === kind).length);
    expect([target.requests.length, model.requests.length]).toEqual(counts);
    for (const [kind, client] of [calls, tells].entries()) await hasLogs(client, counts[kind] ?? 0);

    for (const [i, { runId, events }] of outcomes.entries()) {
      if (!events) continue;
      const replay = await collect(await (i % 4 < 2 ? calls : tells).attach(runId, '0-0'));
      expect(replay).toEqual(events); // L3
      if (i % 4 === 2) expect(textOf(events)).toBe(story);
    }
  }, 600_000);

  /** What infra/rolling-restart.sh does; under more load, since here nothing may be left to chance. */
  it('of gateways that are taken out of the proxy first: every submission is answered 200', async () => {
    const client = new Client(nginx.url, (await fleet.publish(chain5())).apiKey);
    const restarted = new AbortController();
    const statuses = new Map<number | undefined, number>();
    const caller = async (): Promise<void> => {
      while (!restarted.signal.aborted) {
        const status = await submit(client, { text: 'x' });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const callers = Array.from({ length: 8 }, caller);
    for (const index of [0, 1]) {
      await nginx.takeOut(index + 1);
      await fleet.restart('gateway', index);
      await nginx.takeOut(undefined);
    }
    restarted.abort();
    await Promise.all(callers);
    expect([...statuses.keys()]).toEqual([200]);
  }, 300_000);
});

/** A submission over a connection of its own: Debian's nginx closes kept ones when it reads its configuration again. */
function submit(client: Client, inputs: object): Promise<number | undefined> {
  const headers = { authorization: `Bearer ${client.apiKey}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request(`${client.url}/v1/workflows/run`, { method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
      response.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(JSON.stringify({ inputs, user: client.user }));
  });
}

const textOf = (events: WireEvent[]): string =>
  events.map(({ event, data }) => (event === 'text_chunk' ? String(data['text']) : '')).join('');

async function hasLogs(client: Client, count: number): Promise<void> {
  const { total } = (await (await client.request('GET', 'workflows/logs')).json()) as { total: number };
  expect(total).toBe(count);
}
