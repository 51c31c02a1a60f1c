import { setTimeout } from 'node:timers/promises';
import type { Value } from '@millrace/contracts';
import { mergeOutputs, toMarkdown } from '@millrace/graph';
import { isFullRun, startHttpTarget, startModelServer, type HttpTarget, type ModelServer } from '@millrace/testing';
import { checkStream, Client, collect, type WireEvent } from '../client.js';
import { Fleet } from '../fleet.js';
import { interpret, type ExpectedRun } from './interpret.js';
import { randomRun, type RandomRun } from './random-run.js';

let fleet: Fleet;
let target: HttpTarget;
let model: ModelServer;

beforeAll(async () => {
  const flaky = new Set<string>();
  target = await startHttpTarget(({ path }) => {
    const [, kind, node = ''] = path.split('/');
    if (kind === 'bad' || (kind === 'flaky' && !flaky.has(path))) {
      flaky.add(path);
      return { status: 500, body: 'no' };
    }
    return { body: `body of ${node}` };
  });
  model = await startModelServer(({ body }) => {
    const said = (body['messages'] as { content: string }[]).at(-1)?.content ?? '';
    return { chunks: said.split(/(?<= )/) };
  });
  fleet = await Fleet.start({ workers: 2 });
  await fleet.saveModel(model.baseUrl);
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), target.close(), model.close()]);
}, 60_000);

/** Asks again when the machine is too busy for the system to answer in time. */
class PatientClient extends Client {
  override async request(...call: Parameters<Client['request']>): Promise<Response> {
    const until = Date.now() + 60_000;
    for (;;) {
      const response = await super.request(...call);
      if (response.status !== 503 || Date.now() > until) return response;
      await response.text();
      await setTimeout(1000);
    }
  }
}

type Data = Record<string, unknown>;
const of = (events: WireEvent[], event: string): Data[] =>
  events.filter((each) => each.event === event).map(({ data }) => data);
const idsOf = (events: Data[]): string[] => events.map((data) => String(data['node_id'])).sort();

const totals = ({ status, outputs, error, total_steps, total_tokens }: Data): Data => ({
  ...{ status, outputs, error, total_steps, total_tokens },
});

/** Every node starts and finishes once, after whatever fed it, with the outputs that the reference says. */
function checkNodes(events: WireEvent[], { nodes, errors }: ExpectedRun): void {
  const [started, finished] = [of(events, 'node_started'), of(events, 'node_finished')];
  expect(idsOf(started)).toEqual([...new Set(idsOf(started))]);
  expect(idsOf(finished)).toEqual(idsOf(started));
  if (errors.length === 0) expect(idsOf(started)).toEqual([...nodes.keys()].sort());
  expect(started.map(({ index }) => index)).toEqual(started.map((_, i) => i + 1));
  const place = (event: string, id: string): number =>
    events.findIndex((each) => each.event === event && each.data['node_id'] === id);
  for (const end of finished) {
    const id = String(end['node_id']);
    const expected = nodes.get(id);
    if (!expected) throw new Error(`${id} must not run`);
    const begin = started.find((each) => each['node_id'] === id) ?? {};
    const retries = of(events, 'node_retry').filter((each) => each['node_id'] === id);
    for (const each of [end, ...retries]) expect([each['id'], each['index']]).toEqual([begin['id'], begin['index']]);
    expect(retries.map((each) => each['retry_index'])).toEqual(retries.map((_, i) => i + 1));
    expect(place('node_finished', id)).toBeGreaterThan(place('node_started', id));
    for (const source of expected.from) {
      expect(place('node_started', id)).toBeGreaterThan(place('node_finished', source));
    }
    const predecessor = end['predecessor_node_id'];
    expect(predecessor).toBe(begin['predecessor_node_id']);
    expect(id === 'n0' ? [null] : expected.from).toContain(predecessor);
    if (errors.length > 0 && end['status'] === 'failed') continue;
    expect([id, end['status'], end['error']]).toEqual([id, expected.status, expected.error]);
    expect(retries).toHaveLength(expected.retries);
    if (expected.outputs) expect(end['outputs']).toMatchObject(expected.outputs);
  }
}

/** Texts of the End nodes that ran, each whole, one after the other. */
function checkText(events: WireEvent[], { nodes }: RandomRun, expected: ExpectedRun): void {
  const texts = nodes.flatMap(({ draft }) => {
    const listed = draft.data['outputs'] as { value_selector: string[] }[];
    const values = expected.nodes.get(draft.id)?.outputs;
    if (draft.data.type !== 'end' || !values || listed.length === 0) return [];
    const text = Object.values(values).map(toMarkdown).join('\n');
    return [listed.length > 1 && listed.at(-1)?.value_selector.length === 0 ? text.slice(0, -1) : text];
  });
  const sent = of(events, 'text_chunk')
    .map(({ text }) => String(text))
    .join('');
  const fits = (rest: string, open: string[]): boolean =>
    open.length === 0
      ? rest === ''
      : open.some((text, i) => rest.startsWith(text) && fits(rest.slice(text.length), open.toSpliced(i, 1)));
  expect([fits(sent, texts), sent, texts]).toEqual([true, sent, texts]);
}

function checkEnd(events: WireEvent[], run: RandomRun, { nodes, errors }: ExpectedRun): void {
  const finished = events.at(-1)?.data ?? {};
  const attempts = of(events, 'node_retry').length;
  const ends = new Set(run.nodes.filter(({ draft }) => draft.data.type === 'end').map(({ draft }) => draft.id));
  const outputs = of(events, 'node_finished')
    .filter((each) => ends.has(String(each['node_id'])) && each['status'] === 'succeeded')
    .map((each) => each['outputs'] as Record<string, Value>);
  const tokens = [...of(events, 'node_finished'), ...of(events, 'node_retry')].map(
    (each) => (each['execution_metadata'] as { total_tokens?: number } | null)?.total_tokens ?? 0,
  );
  expect(finished['outputs']).toEqual(mergeOutputs(outputs));
  expect(finished['total_tokens']).toBe(tokens.reduce((a, b) => a + b, 0));
  expect(finished['total_steps']).toBe(of(events, 'node_started').length + attempts);
  if (errors.length > 0) {
    expect(finished['status']).toBe('failed');
    expect(errors).toContain(finished['error']);
    return;
  }
  const exceptions = [...nodes.values()].reduce((n, each) => n + each.retries + Number(each.status === 'exception'), 0);
  expect(finished).toMatchObject({
    ...{ error: null, exceptions_count: exceptions },
    status: exceptions > 0 ? 'partial-succeeded' : 'succeeded',
  });
}

/** One truth: run, detail and log row say what the last event or the blocking body said. */
async function checkRecords(client: Client, told: Map<string, Data>): Promise<void> {
  for (const [id, data] of told) {
    const detail = await client.detail(id);
    const { elapsed_time, created_at, finished_at } = data;
    expect(detail).toMatchObject({ ...totals(data), elapsed_time, created_at, finished_at });
    const rows = async () => {
      const log = (await (await client.request('GET', 'workflows/logs')).json()) as { data: { workflow_run: Data }[] };
      return log.data.find(({ workflow_run }) => workflow_run['id'] === id)?.workflow_run;
    };
    const { outputs: _, ...columns } = totals(data);
    expect(await rows()).toMatchObject({ ...columns, elapsed_time });
  }
}

async function check(seed: number): Promise<void> {
  const run = randomRun(seed, { http: target.url });
  const client = new PatientClient(fleet.url(), (await fleet.publish(run.file)).apiKey, `user ${seed}`);
  const expected = interpret(run, client.user);
  try {
    const [{ status, body }, events] = await Promise.all([
      client.blocking(run.inputs),
      client.stream(run.inputs).then(collect),
    ]);
    checkStream(events);
    expect(events[0]).toMatchObject({ event: 'workflow_started', data: { inputs: run.inputs } });
    checkNodes(events, expected);
    checkEnd(events, run, expected);
    if (expected.errors.length === 0) {
      checkText(events, run, expected);
      const loose = ({ outputs, ...rest }: Data): Data => ({
        ...totals(rest),
        outputs: Object.keys(outputs as Data).sort(),
      });
      expect([status, loose(body.data)]).toEqual([200, loose(events.at(-1)?.data ?? {})]);
    } else {
      expect([status, body.data.status]).toEqual([200, 'failed']);
      expect(expected.errors).toContain(body.data.error);
    }
    await checkRecords(
      client,
      new Map<string, Data>([
        [body.workflow_run_id, body.data],
        [String(events[0]?.raw['workflow_run_id']), events.at(-1)?.data ?? {}],
      ]),
    );
  } catch (error) {
    const nodes = run.nodes.map(({ draft }) => `${draft.id} ${JSON.stringify(draft.data)}`);
    const edges = run.edges.map(({ source, handle, target }) => `n${source} -${handle}-> n${target}`);
    throw new Error([`seed ${seed}: ${(error as Error).message}`, ...nodes, ...edges].join('\n'), { cause: error });
  }
}

it('random workflows do what a plain reading of the rules says (dsl 3.2–3.7, 3.11, 5; promise 3)', async () => {
  const [first, count, lanes] = isFullRun() ? [10_000, 3_000, 8] : [1, 100, 6];
  let next = first;
  const lane = async (): Promise<void> => {
    while (next < first + count) await check(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}, 1_200_000);
