import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  aggregator,
  end,
  llm,
  start,
  startModelServer,
  startOtlpReceiver,
  template,
  workflowFile,
  type ModelReply,
  type ModelServer,
  type OtlpReceiver,
} from '@millrace/testing';
import { checkStream, Client, collect, type WireEvent } from '../client.js';
import { Fleet } from '../fleet.js';

let fleet: Fleet;
let model: ModelServer;
let otlp: OtlpReceiver;
/** What each model answers, by its name. */
const replies: Record<string, ModelReply> = {
  slow: { chunks: ['s1 ', 's2 ', 's3'], chunksPerSecond: 12 },
  middle: { chunks: ['m1 ', 'm2 ', 'm3'], chunksPerSecond: 25 },
  fast: { chunks: ['f1 ', 'f2 ', 'f3'] },
  broken: { status: 400, errorMessage: 'no such luck' },
  cut: { chunks: ['half ', 'lost'], chunksPerSecond: 20, cutAfterChunks: 1 },
  deep: { chunks: ['<thi', 'nk>so ', 'and so</th', 'ink>', 'That ', 'is it'], chunksPerSecond: 50 },
  endless: { chunks: Array.from({ length: 600 }, (_, index) => `${index} `), chunksPerSecond: 10 },
};

beforeAll(async () => {
  otlp = await startOtlpReceiver();
  [fleet, model] = await Promise.all([
    Fleet.start({ workers: 2, env: { ...otlp.env, OTEL_BSP_SCHEDULE_DELAY: '100' } }),
    startModelServer((request) => replies[String(request.body['model'])] ?? {}),
  ]);
  await fleet.saveModel(model.baseUrl);
}, 120_000);
afterAll(async () => {
  await fleet.stop();
  await Promise.all([model.close(), otlp.close()]);
}, 60_000);

const ask = (id: string, name: string, more: Record<string, unknown> = {}) =>
  llm(id, 'Say', {
    model: { provider: 'langgenius/openai/openai', name, mode: 'chat', completion_params: {} },
    ...more,
  });

/** start → models side by side → end, which lists their texts. */
function sideBySide(nodes: ReturnType<typeof ask>[], order: string[]): string {
  return workflowFile({
    nodes: [start([]), ...nodes, end(Object.fromEntries(order.map((id) => [`out_${id}`, [id, 'text']])))],
    edges: nodes.flatMap(({ id }): [string, string][] => [
      ['start', id],
      [id, 'end'],
    ]),
  });
}

async function eventsOf(file: string): Promise<WireEvent[]> {
  const client = new Client(fleet.url(), (await fleet.publish(file)).apiKey);
  const events = await collect(await client.stream({}));
  checkStream(events);
  return events;
}

const chunksOf = (events: WireEvent[]) =>
  events.flatMap(({ event, data }) =>
    event === 'text_chunk' && data['text'] !== ''
      ? [[(data['from_variable_selector'] as string[]).join('.'), String(data['text'])] as const]
      : [],
  );

/** The texts of one source after another: neighbours of the same selector joined. */
function segments(events: WireEvent[]): [string, string][] {
  const joined: [string, string][] = [];
  for (const [selector, text] of chunksOf(events)) {
    const last = joined.at(-1);
    if (last?.[0] === selector) last[1] += text;
    else joined.push([selector, text]);
  }
  return joined;
}

const newline = ['end.answer', '\n'];

describe('text of parallel models', () => {
  it.each([
    [['slow', 'fast']],
    [['fast', 'slow']],
    [['slow', 'fast', 'middle']],
    [['fast', 'middle', 'slow']],
    [['middle', 'slow', 'fast']],
  ])('comes in the order of the End node: %j', async (order) => {
    const nodes = [...order].sort().map((name) => ask(name, name));
    const events = await eventsOf(sideBySide(nodes, order));
    const texts = order.map((name) => (replies[name]?.chunks ?? []).join(''));
    expect(segments(events)).toEqual(
      order.flatMap((name, at) => [...(at > 0 ? [newline] : []), [`${name}.text`, texts[at]]]),
    );
    const finished = events.at(-1)?.data;
    expect(finished).toMatchObject({ status: 'succeeded' });
    expect(Object.values(finished?.['outputs'] as object).join('\n')).toBe(texts.join('\n'));
  });

  it('streams the first model while it answers', async () => {
    const events = await eventsOf(sideBySide([ask('slow', 'slow'), ask('fast', 'fast')], ['slow', 'fast']));
    const at = (matches: (event: WireEvent) => boolean) => events.findIndex(matches);
    const first = at(({ event }) => event === 'text_chunk');
    const fastDone = at(({ event, data }) => event === 'node_finished' && data['node_id'] === 'fast');
    const slowDone = at(({ event, data }) => event === 'node_finished' && data['node_id'] === 'slow');
    expect(first).toBeLessThan(slowDone);
    expect(fastDone).toBeLessThan(slowDone);
    expect(chunksOf(events).filter(([selector]) => selector === 'slow.text').length).toBeGreaterThan(1);
  });

  it('puts the default value of a failed model in its place', async () => {
    const fallback = {
      error_strategy: 'default-value',
      default_value: [{ key: 'text', type: 'string', value: 'sorry' }],
    };
    const nodes = [ask('slow', 'slow'), ask('bad', 'broken', fallback), ask('fast', 'fast')];
    const events = await eventsOf(sideBySide(nodes, ['slow', 'bad', 'fast']));
    expect(segments(events)).toEqual([
      ['slow.text', 's1 s2 s3'],
      newline,
      ['bad.text', 'sorry'],
      newline,
      ['fast.text', 'f1 f2 f3'],
    ]);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'partial-succeeded',
      outputs: { out_bad: 'sorry' },
      exceptions_count: 1,
    });
  });

  it('closes the stream of a model that fails in the middle of its text', async () => {
    const fallback = {
      error_strategy: 'default-value',
      default_value: [{ key: 'text', type: 'string', value: 'sorry' }],
    };
    const nodes = [ask('bad', 'cut', fallback), ask('fast', 'fast')];
    const events = await eventsOf(sideBySide(nodes, ['bad', 'fast']));
    expect(segments(events)).toEqual([['bad.text', 'half '], newline, ['fast.text', 'f1 f2 f3']]);
    expect(events.at(-1)?.data).toMatchObject({ status: 'partial-succeeded', outputs: { out_bad: 'sorry' } });
  });

  it('goes on behind a fail branch', async () => {
    const file = workflowFile({
      nodes: [
        start([]),
        ask('slow', 'slow'),
        ask('bad', 'broken', { error_strategy: 'fail-branch' }),
        template('repair', 'repaired: {{ type }}', { type: ['bad', 'error_type'] }),
        aggregator('one', [
          ['bad', 'text'],
          ['repair', 'output'],
        ]),
        ask('fast', 'fast'),
        end({ a: ['slow', 'text'], b: ['one', 'output'], c: ['fast', 'text'] }),
      ],
      edges: [
        ['start', 'slow'],
        ['start', 'bad'],
        ['start', 'fast'],
        ['bad', 'one'],
        ['bad', 'repair', 'fail-branch'],
        ['repair', 'one'],
        ['slow', 'end'],
        ['one', 'end'],
        ['fast', 'end'],
      ],
    });
    const events = await eventsOf(file);
    expect(segments(events)).toEqual([
      ['slow.text', 's1 s2 s3'],
      newline,
      ['one.output', 'repaired: InvokeBadRequestError'],
      newline,
      ['fast.text', 'f1 f2 f3'],
    ]);
    expect(events.at(-1)?.data).toMatchObject({ status: 'partial-succeeded', exceptions_count: 1 });
  });
});

describe('reasoning', () => {
  const separated = { reasoning_format: 'separated' };
  const reasoningOf = (events: WireEvent[]) =>
    events.flatMap(({ event, data }) => (event === 'reasoning_chunk' ? [data] : []));

  it('comes in events of its own when it is separated', async () => {
    const events = await eventsOf(sideBySide([ask('fast', 'fast'), ask('deep', 'deep', separated)], ['fast', 'deep']));
    const reasoning = reasoningOf(events);
    expect(reasoning.map((data) => String(data['reasoning'])).join('')).toBe('so and so');
    expect(reasoning.at(-1)).toEqual({ message_id: null, reasoning: '', node_id: 'deep', is_final: true });
    expect(segments(events)).toEqual([['fast.text', 'f1 f2 f3'], newline, ['deep.text', 'That is it']]);
    const finished = events.find(({ event, data }) => event === 'node_finished' && data['node_id'] === 'deep');
    expect(finished?.data).toMatchObject({ outputs: { text: 'That is it', reasoning_content: 'so and so' } });
  });

  it('stays in the text when it is tagged, and is a value of its own for an End node that lists it', async () => {
    const tagged = await eventsOf(sideBySide([ask('deep', 'deep')], ['deep']));
    expect(segments(tagged)).toEqual([['deep.text', '<think>so and so</think>That is it']]);
    expect(reasoningOf(tagged)).toEqual([]);
    const listed = await eventsOf(
      workflowFile({
        nodes: [start([]), ask('deep', 'deep', separated), end({ why: ['deep', 'reasoning_content'] })],
      }),
    );
    expect(segments(listed)).toEqual([['deep.reasoning_content', 'so and so']]);
    expect(reasoningOf(listed)).not.toEqual([]);
  });
});

describe('failures', () => {
  it('shows every attempt of a node with retries, and hides none in the call', async () => {
    const before = model.requests.length;
    const retry = { retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 10 } };
    model.script({ status: 500 }, { status: 429, headers: { 'retry-after-ms': '50' } });
    const events = await eventsOf(sideBySide([ask('fast', 'fast', retry)], ['fast']));
    expect(model.requests.length - before).toBe(3);
    expect(events.filter(({ event }) => event === 'node_retry')).toMatchObject([
      { data: { retry_index: 1 } },
      { data: { retry_index: 2 } },
    ]);
    expect(events.at(-1)?.data).toMatchObject({ status: 'partial-succeeded', exceptions_count: 2 });
  });

  it('repeats a call of a node without retries', async () => {
    model.script({ status: 503, headers: { 'retry-after-ms': '1' } });
    const events = await eventsOf(sideBySide([ask('fast', 'fast')], ['fast']));
    expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', exceptions_count: 0 });
  });

  it('hangs up on the model as soon as the run is stopped', async () => {
    const client = new Client(
      fleet.url(),
      (await fleet.publish(sideBySide([ask('endless', 'endless')], ['endless']))).apiKey,
    );
    const run = await client.stream({});
    for await (const { event } of run.events) if (event === 'text_chunk') break;
    const request = model.requests.at(-1);
    expect((await client.stop(run.taskId)).status).toBe(200);
    await request?.closed;
    expect(request?.ended).toBe('aborted');
  });

  it('keeps the key to itself: in events, records, logs, traces, Redis and PostgreSQL', async () => {
    const planted = 'sk-test-secret';
    const client = new Client(fleet.url(), (await fleet.publish(sideBySide([ask('fast', 'fast')], ['fast']))).apiKey);
    model.script({ status: 401, errorMessage: `Incorrect API key provided: ${planted}` });
    const run = await client.stream({});
    const events = await collect(run);
    expect(model.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${planted}`);
    expect(JSON.stringify(events)).toContain('Incorrect API key provided: ***');
    const traceId = String(events[0]?.raw['trace_id']);
    const spans = await otlp.until((all) => all.some(({ traceId: id, name }) => id === traceId && name === 'node llm'));
    const told = JSON.stringify([events, await client.detail(run.runId), await fleet.logs(), spans]);
    expect(told).not.toContain(planted);
    expect(await filesWith(fleet.redis.dir, run.runId)).not.toEqual([]);
    expect(await filesWith(fleet.redis.dir, planted)).toEqual([]);
    expect(await filesWith(fleet.postgres.dir, planted)).toEqual([]);
  });
});

/** Files below a directory that hold a text. */
async function filesWith(dir: string, text: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path).catch((error: unknown) => {
      // A running server removes files of its own.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    if (bytes.includes(text)) found.push(path);
  }
  return found;
}
