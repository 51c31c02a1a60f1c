import { startHttpTarget, startModelServer, type HttpTarget, type ModelServer } from '@millrace/testing';
import { checkStream, Client, collect } from '../client.js';
import { Fleet } from '../fleet.js';
import { ask, chain5, fetchAndBranch, slow } from '../workflows.js';

let fleet: Fleet;
let model: ModelServer;
let target: HttpTarget;

beforeAll(async () => {
  [fleet, model, target] = await Promise.all([Fleet.start({ gateways: 2 }), startModelServer(), startHttpTarget()]);
  await fleet.saveModel(model.baseUrl);
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), model.close(), target.close()]);
}, 60_000);

const clientOf = async (file: string, gateway = 0): Promise<Client> =>
  new Client(fleet.url(gateway), (await fleet.publish(file)).apiKey);

describe('one truth (promise 3)', () => {
  it('tells the same in the stream, the blocking body, the detail and the log', async () => {
    const client = await clientOf(chain5());
    const { body } = await client.blocking({ text: 'x' });
    const run = await client.stream({ text: 'x' });
    const events = await collect(run);
    checkStream(events);
    const finished = events.at(-1)?.data;
    expect(finished).toMatchObject({ status: body.data.status, outputs: body.data.outputs, total_steps: 5 });
    expect(await client.detail(run.runId)).toMatchObject({
      status: 'succeeded',
      outputs: { result: 'x-a-b-c' },
      total_steps: 5,
    });
    const logs = (await (await client.request('GET', 'workflows/logs')).json()) as {
      total: number;
      data: { workflow_run: { id: string; status: string } }[];
    };
    expect(logs.total).toBe(2);
    expect(logs.data[0]?.workflow_run).toMatchObject({ id: run.runId, status: 'succeeded' });
  });

  it('numbers nodes, names predecessors and shows inputs', async () => {
    const client = await clientOf(chain5());
    const events = await collect(await client.stream({ text: 'x' }));
    const started = events.filter(({ event }) => event === 'node_started').map(({ data }) => data);
    expect(started.map(({ index, predecessor_node_id: from }) => [index, from])).toEqual([
      [1, null],
      [2, 'start'],
      [3, 'a'],
      [4, 'b'],
      [5, 'c'],
    ]);
    expect(started[1]).toMatchObject({ inputs: { x: 'x' } });
  });
});

describe('branches, retries and fail branch', () => {
  it('repeats a failed call, shows node_retry, and ends partial-succeeded', async () => {
    const client = await clientOf(fetchAndBranch(target.url));
    target.script({ status: 500 }, { body: 'gold member' });
    const events = await collect(await client.stream({ name: 'ann' }));
    checkStream(events);
    expect(events.filter(({ event }) => event === 'node_retry')).toMatchObject([
      { data: { retry_index: 1, status: 'retry' } },
    ]);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'partial-succeeded',
      outputs: { tier: 'gold member' },
      exceptions_count: 1,
    });
  });

  it('takes the fail branch when every attempt failed', async () => {
    const client = await clientOf(fetchAndBranch(target.url));
    target.script({ status: 503 }, { status: 503 }, { status: 503 });
    const { body } = await client.blocking({ name: 'bob' });
    expect(body.data).toMatchObject({ status: 'partial-succeeded', outputs: { problem: 'HTTPResponseCodeError' } });
  });
});

describe('model providers', () => {
  it('refuses a run that is bound to end for want of credentials, in both modes', async () => {
    const file = ask().replace('langgenius/openai/openai', 'langgenius/anthropic/anthropic');
    const client = await clientOf(file);
    for (const mode of ['blocking', 'streaming']) {
      const body = { inputs: { question: 'q' }, user: 'u', response_mode: mode };
      const refused = await client.request('POST', 'workflows/run', { body });
      expect([refused.status, await refused.json()]).toMatchObject([
        400,
        { code: 'provider_not_initialize', status: 400 },
      ]);
    }
  });

  it('tells a failure of the provider as its code, beside the whole run', async () => {
    const client = await clientOf(ask());
    model.script({ status: 401 }, { status: 401 });
    const { status, body } = await client.blocking({ question: 'q' });
    expect([status, body]).toMatchObject([400, { code: 'provider_not_initialize', data: { status: 'failed' } }]);
    const events = await collect(await client.stream({ question: 'q' }));
    expect(events.slice(-2).map(({ event }) => event)).toEqual(['error', 'workflow_finished']);
    expect(JSON.stringify([body, events])).not.toContain('sk-test-secret');
  });
});

describe('resume', () => {
  it('goes on after Last-Event-ID on another gateway, and says 204 at the end', async () => {
    const client = await clientOf(chain5());
    const events = await collect(await client.stream({ text: 'x' }));
    const runId = String(events[0]?.raw['workflow_run_id']);
    const elsewhere = new Client(fleet.url(1), client.apiKey);
    const rest = await collect(await elsewhere.attach(runId, events[3]?.id));
    expect(rest).toEqual(events.slice(4));
    const single = await collect(await elsewhere.attach(runId));
    expect(single.map(({ event }) => event)).toEqual(['workflow_finished']);
    const end = await elsewhere.request('GET', `workflow/${runId}/events?user=e2e`, {
      headers: { 'last-event-id': events.at(-1)?.id ?? '' },
    });
    expect(end.status).toBe(204);
  });
});

describe('stop', () => {
  it('is final at once and closes the upstream connection', async () => {
    const client = await clientOf(ask());
    model.script({ chunks: Array.from({ length: 500 }, (_, i) => `w${i} `), chunksPerSecond: 20 });
    const before = model.requests.length;
    const run = await client.stream({ question: 'long' });
    const request = await model.received(before);
    const events = collect(run);
    expect((await client.stop(run.taskId, 'somebody else')).status).toBe(404);
    const stoppedAt = Date.now();
    expect(await (await client.stop(run.taskId)).json()).toEqual({ result: 'success' });
    await request.closed;
    expect(Date.now() - stoppedAt).toBeLessThan(1000);
    const all = await events;
    checkStream(all);
    expect(all.at(-1)?.data).toMatchObject({ status: 'stopped', error: 'Stopped by user.' });
    expect(all.at(-2)).toMatchObject({ event: 'node_finished', data: { node_id: 'model', status: 'stopped' } });
    expect(await client.detail(run.runId)).toMatchObject({ status: 'stopped' });
    expect(await (await client.stop(run.taskId)).json()).toEqual({ result: 'success' });
  });
});

describe('a viewer is only a viewer (promise 5)', () => {
  it('lets a run go on when its client hangs up', async () => {
    const client = await clientOf(slow(target.url));
    target.script({ delayMs: 300 });
    const run = await client.stream({ text: 'y' });
    for await (const { event } of run.events) if (event === 'node_started') break;
    run.abort();
    const rest = await collect(await client.attach(run.runId, '1-1'));
    expect(rest.at(-1)?.data).toMatchObject({ status: 'succeeded', outputs: { result: 'y!' } });
  });
});

describe('200 streams at once', () => {
  it('serves each one whole', async () => {
    const client = await clientOf(chain5());
    const runs = await Promise.all(
      Array.from({ length: 200 }, (_, i) => client.stream({ text: `t${i}` }).then(collect)),
    );
    runs.forEach((events, i) => {
      checkStream(events);
      expect(events.at(-1)?.data).toMatchObject({ outputs: { result: `t${i}-a-b-c` } });
    });
  }, 60_000);
});
