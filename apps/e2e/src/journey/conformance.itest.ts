import {
  aggregator,
  code,
  end,
  http,
  ifElse,
  llm,
  start,
  startHttpTarget,
  startModelServer,
  template,
  workflowFile,
  type EdgeDraft,
  type HttpTarget,
  type ModelServer,
  type NodeDraft,
  type Selector,
} from '@millrace/testing';
import { checkStream, Client, collect, type WireEvent } from '../client.js';
import { Fleet } from '../fleet.js';

let fleet: Fleet;
let target: HttpTarget;
let model: ModelServer;

beforeAll(async () => {
  [fleet, target, model] = await Promise.all([
    Fleet.start({ env: { MAX_EXECUTION_TIME: '12s' } }),
    startHttpTarget(({ path, body }) =>
      path === '/404' ? { status: 404 } : path === '/hang' ? { hang: true } : { body },
    ),
    startModelServer(({ body }) =>
      body['model'] === 'slow'
        ? { chunks: ['a1 ', 'a2 ', 'a3'], chunksPerSecond: 15 }
        : { chunks: ['b1 ', 'b2'], promptTokens: 5 },
    ),
  ]);
  await fleet.saveModel(model.baseUrl);
  // A machine that is busy may take longer over the first interpreter than a run may take here.
  const warm = await clientOf([
    start(),
    code('c', 'def main():\n    return {"x": 1}', {}, { x: 'number' }),
    end({ x: ['c', 'x'] }),
  ]);
  while ((await warm.blocking({})).body.data.status !== 'succeeded');
}, 120_000);
afterAll(async () => {
  await Promise.all([fleet.stop(), target.close(), model.close()]);
}, 60_000);

interface Told {
  events: WireEvent[];
  finished: Record<string, unknown>;
}

const clientOf = async (nodes: NodeDraft[], edges?: EdgeDraft[]): Promise<Client> =>
  new Client(fleet.url(), (await fleet.publish(workflowFile({ nodes, ...(edges ? { edges } : {}) }))).apiKey);

async function tell(nodes: NodeDraft[], edges?: EdgeDraft[], inputs: object = {}): Promise<Told> {
  const events = await collect(await (await clientOf(nodes, edges)).stream(inputs));
  checkStream(events);
  return { events, finished: events.at(-1)?.data ?? {} };
}

const startsOf = (events: WireEvent[], id: string): number =>
  events.filter(({ event, data }) => event === 'node_started' && data['node_id'] === id).length;
const chunksOf = (events: WireEvent[]): [string, string][] =>
  events.flatMap(({ event, data }) =>
    event === 'text_chunk' ? [[(data['from_variable_selector'] as string[]).join('.'), String(data['text'])]] : [],
  );
const names = (events: WireEvent[]): string[] =>
  events.map(({ event, data }) => (typeof data['node_id'] === 'string' ? `${event} ${data['node_id']}` : event));

const js = (id: string, result: string, outputs: Record<string, string>, variables: Record<string, Selector> = {}) =>
  code(id, `function main(given) { return ${result} }`, variables, outputs, { code_language: 'javascript' });
const says = (id: string, text: string): NodeDraft => template(id, text);
const input = start([
  { variable: 'a', type: 'number' },
  { variable: 'b', type: 'number' },
  { variable: 'text', type: 'paragraph' },
]);
const isOne = (id: string, variable: string): NodeDraft =>
  ifElse(id, [{ conditions: [{ selector: ['start', variable], operator: '=', value: '1' }] }]);
/** Posts a text to a target that sends it back. */
const echo = (id: string, text: string): NodeDraft => {
  return http(id, `${target.url}/echo`, {
    method: 'post',
    body: { type: 'raw-text', data: [{ type: 'text', value: text }] },
  });
};

describe('branches (dsl 7)', () => {
  it.each([
    [1, { '1': 'Code 1', '2': 'Code 2', '3': null }],
    [0, { '1': null, '2': null, '3': 'Code 3' }],
  ])('one handle starts two nodes in parallel, the other a third: switch %d', async (a, outputs) => {
    const { finished } = await tell(
      [
        ...[input, isOne('i', 'a'), says('c1', 'Code 1'), says('c2', 'Code 2'), says('c3', 'Code 3')],
        end({ '1': ['c1', 'output'], '2': ['c2', 'output'], '3': ['c3', 'output'] }),
      ],
      [
        ['start', 'i'],
        ['i', 'c1', 'true'],
        ['i', 'c2', 'true'],
        ['i', 'c3', 'false'],
        ...['c1', 'c2', 'c3'].map((id): EdgeDraft => [id, 'end']),
      ],
      { a },
    );
    expect(finished).toMatchObject({ status: 'succeeded', outputs });
  });

  it('two of them into a grouped aggregator', async () => {
    const group = (n: number) => ({
      group_name: `group${n}`,
      output_type: 'string',
      variables: [
        [`on${n}`, 'output'],
        [`off${n}`, 'output'],
      ],
    });
    const base = aggregator('g', []);
    const grouped = { group_enabled: true, groups: [group(1), group(2)] };
    const { finished, events } = await tell(
      [
        ...[input, isOne('i1', 'a'), isOne('i2', 'b')],
        ...[1, 2].flatMap((n) => [says(`on${n}`, `switch ${n} on`), says(`off${n}`, `switch ${n} off`)]),
        { id: 'g', data: { ...base.data, advanced_settings: grouped } },
        end({ group1: ['g', 'group1', 'output'], group2: ['g', 'group2', 'output'] }),
      ],
      [
        ...[1, 2].flatMap((n): EdgeDraft[] => [
          ['start', `i${n}`],
          [`i${n}`, `on${n}`, 'true'],
          [`i${n}`, `off${n}`, 'false'],
          [`on${n}`, 'g'],
          [`off${n}`, 'g'],
        ]),
        ['g', 'end'],
      ],
      { a: 1, b: 0 },
    );
    expect(finished).toMatchObject({ outputs: { group1: 'switch 1 on', group2: 'switch 2 off' }, total_steps: 7 });
    expect(names(events).filter((name) => /off1|on2/.test(name))).toEqual([]);
  });

  it('both handles into one node: it runs once', async () => {
    const { events, finished } = await tell(
      [input, isOne('i', 'a'), says('c', 'x'), end({ r: ['c', 'output'] })],
      [
        ['start', 'i'],
        ['i', 'c', 'true'],
        ['i', 'c', 'false'],
        ['c', 'end'],
      ],
      { a: 1 },
    );
    expect([startsOf(events, 'c'), finished['outputs']]).toEqual([1, { r: 'x' }]);
  });

  it('a node behind a skipped and a taken branch runs once, after both are resolved', async () => {
    const { events, finished } = await tell(
      [
        input,
        isOne('i', 'a'),
        echo('slow', 'late'),
        says('gone', 'x'),
        says('join', 'y'),
        end({ r: ['slow', 'body'] }),
      ],
      [
        ['start', 'i'],
        ['start', 'slow'],
        ['i', 'gone', 'true'],
        ['gone', 'join'],
        ['slow', 'join'],
        ['join', 'end'],
      ],
      { a: 0 },
    );
    expect([startsOf(events, 'join'), startsOf(events, 'gone')]).toEqual([1, 0]);
    expect(names(events).indexOf('node_started join')).toBeGreaterThan(names(events).indexOf('node_finished slow'));
    expect(finished['outputs']).toEqual({ r: 'late' });
  });

  it('a handle without edges ends the run there, without outputs (dsl 3.2, 3.5)', async () => {
    const { finished } = await tell(
      [input, isOne('i', 'a'), end({ r: ['start', 'a'] })],
      [
        ['start', 'i'],
        ['i', 'end', 'true'],
      ],
      { a: 0 },
    );
    expect(finished).toMatchObject({ status: 'succeeded', outputs: {}, total_steps: 2 });
  });
});

describe('values in texts (dsl 2.5, 2.6, 7)', () => {
  it.each<[string, string, string, string]>([
    ['a missing variable', '{{#nope.x#}}', 'null', 'nope.x'],
    ['null', '[{{#v.x#}}]', 'null', '[]'],
    ['a boolean', '{{#v.x#}}', 'true', 'True'],
    ['numbers', '{{#v.x#}}', '[1, 2]', '[1, 2]'],
    ['texts', '{{#v.x#}}', '["a"]', '["a"]'],
    ['an empty list', '<{{#v.x#}}>', '[]', '<>'],
    ['an object', '{{#v.x#}}', '{"a": [1, null], "b": "ä"}', '{"a": [1, null], "b": "ä"}'],
    ['a float', '{{#v.x#}}', '0.00001', '1e-05'],
    ['a member', '{{#v.x.a.b#}}', '{"a": {"b": "deep"}}', 'deep'],
    ['an index, which there is not', '{{#v.x.a#}} {{#v.x[0]#}}', '[1]', 'v.x.a {{#v.x[0]#}}'],
    ['a text with a reference, which is not rendered again', '{{#v.x#}}', '"{{#start.a#}}"', '{{#start.a#}}'],
    ['a name with spaces, which is no reference', '{{# v.x #}}', '1', '{{# v.x #}}'],
  ])('%s', async (_, text, value, printed) => {
    const kinds: Record<string, string> = {
      '[': 'array[number]',
      '{': 'object',
      '"': 'string',
      t: 'boolean',
      n: 'string',
    };
    const type = value === '["a"]' ? 'array[string]' : (kinds[value.charAt(0)] ?? 'number');
    const { finished } = await tell([
      input,
      js('v', `{ x: ${value} }`, { x: type }),
      echo('e', text),
      end({ r: ['e', 'body'] }),
    ]);
    expect(finished).toMatchObject({ status: 'succeeded', outputs: { r: printed } });
  });

  it('a number default "5" is 5.0', async () => {
    const failing = code(
      'v',
      'def main():\n    return 1',
      {},
      { n: 'number' },
      {
        error_strategy: 'default-value',
        default_value: [{ key: 'n', type: 'number', value: '5' }],
      },
    );
    const { finished } = await tell([
      input,
      failing,
      template('t', '{{ n }}', { n: ['v', 'n'] }),
      end({ r: ['t', 'output'] }),
    ]);
    expect(finished).toMatchObject({ status: 'partial-succeeded', outputs: { r: '5.0' } });
  });

  it('keep their kind and every digit on the way out, in every answer (dsl 2.3, 2.11)', async () => {
    const python = code(
      'v',
      String.raw`def main(): return {"f": 1.0, "i": 9007199254740993, "s": "ä\u2028 \U0001d11e", "o": {"deep": [1.0, 1, True, None]}}`,
      {},
      { f: 'number', i: 'number', s: 'string', o: 'object' },
    );
    const client = await clientOf([input, python, end({ f: ['v', 'f'], i: ['v', 'i'], s: ['v', 's'], o: ['v', 'o'] })]);
    const outputs = '{"f":1.0,"i":9007199254740993,"s":"ä\u2028 𝄞","o":{"deep":[1.0,1,true,null]}}';
    const ask = async (response_mode: string): Promise<string> =>
      (await client.request('POST', 'workflows/run', { body: { inputs: {}, user: 'u', response_mode } })).text();
    const [blocking, stream] = [await ask('blocking'), await ask('streaming')];
    const { workflow_run_id: id } = JSON.parse(blocking) as { workflow_run_id: string };
    const detail = await (await client.request('GET', `workflows/run/${id}`)).text();
    const single = await (await client.request('GET', `workflow/${id}/events?user=u`)).text();
    for (const answer of [blocking, stream, detail, single]) expect(answer).toContain(`"outputs":${outputs}`);
  });

  it('survive NUL and lone surrogates from outside without ending a worker', async () => {
    const { finished } = await tell(
      [input, template('t', '{{ x }}!', { x: ['start', 'text'] }), end({ r: ['t', 'output'] })],
      undefined,
      {
        text: 'a\u0000b\ud800c',
      },
    );
    expect(finished['status']).toBe('succeeded');
    expect((finished['outputs'] as { r: string }).r).toMatch(/^ab[\ud800\ufffd]c!$/);
  });
});

describe('missing variables (dsl 2.9)', () => {
  it('fail a model and a condition, are null for an output, None for a template, and passed over by an aggregator', async () => {
    const branch = { error_strategy: 'fail-branch' };
    const asked = llm('m', '{{#nope.x#}}', branch);
    const check = ifElse('i', [{ conditions: [{ selector: ['nope', 'x'], operator: 'is', value: '1' }] }]);
    const { finished } = await tell(
      [
        ...[input, asked, { ...check, data: { ...check.data, ...branch } }],
        template('t', '{{ x }}', { x: ['nope', 'x'] }),
        aggregator('g', [
          ['nope', 'x'],
          ['start', 'a'],
          ['t', 'output'],
        ]),
        end({ m: ['m', 'error_message'], type: ['m', 'error_type'] }, 'e1'),
        end({ i: ['i', 'error_message'] }, 'e2'),
        end({ t: ['t', 'output'], none: ['nope', 'x'], g: ['g', 'output'], empty: [] }, 'e3'),
      ],
      [
        ...['m', 'i', 't'].map((id): EdgeDraft => ['start', id]),
        ['m', 'e1', 'fail-branch'],
        ['i', 'e2', 'fail-branch'],
        ['t', 'g'],
        ['g', 'e3'],
      ],
    );
    expect(finished['outputs']).toEqual({
      ...{ m: 'Variable #nope.x# not found', type: 'VariableNotFoundError', i: "Variable ['nope', 'x'] not found" },
      ...{ t: 'None', none: null, g: null, empty: null },
    });
  });

  it('fail the run with the text of the model node', async () => {
    const { finished } = await tell([input, llm('m', '{{#nope.x#}}'), end({ r: ['m', 'text'] })]);
    expect(finished).toMatchObject({ status: 'failed', error: 'Variable #nope.x# not found', exceptions_count: 1 });
  });
});

describe('requests that fail (dsl 4.13, 7)', () => {
  const retry = { retry_config: { retry_enabled: true, max_retries: 2, retry_interval: 10 } };

  it('404 without strategy and retry is a success', async () => {
    const { finished } = await tell([input, http('h', `${target.url}/404`), end({ r: ['h', 'status_code'] })]);
    expect(finished).toMatchObject({ status: 'succeeded', outputs: { r: 404 } });
  });

  it('404 with two retries is asked three times and fails the run', async () => {
    const before = target.requests.length;
    const { finished } = await tell([input, http('h', `${target.url}/404`, retry), end({ r: ['h', 'status_code'] })]);
    expect(target.requests.length - before).toBe(3);
    expect(finished).toMatchObject({
      ...{ status: 'failed', error: 'Request failed with status code 404' },
      ...{ exceptions_count: 3, total_steps: 4, outputs: {} },
    });
  });

  it('one that a retry repairs leaves the run partial-succeeded', async () => {
    target.script({ status: 500 });
    const { finished } = await tell([input, http('h', `${target.url}/x`, retry), end({ r: ['h', 'status_code'] })]);
    expect(finished).toMatchObject({
      status: 'partial-succeeded',
      outputs: { r: 200 },
      exceptions_count: 1,
      total_steps: 4,
    });
  });
});

it('code that returns an undeclared key fails', async () => {
  const { finished } = await tell([input, js('c', '{ x: 1, y: 2 }', { x: 'number' }), end({ x: ['c', 'x'] })]);
  expect(finished).toMatchObject({ status: 'failed', error: 'Not all output parameters are validated.' });
});

describe('outputs of several End nodes (dsl 3.5)', () => {
  it('are merged: a later one replaces, `answer` is appended; an End node stops nothing', async () => {
    const { events, finished } = await tell(
      [
        ...[input, end({ x: ['start', 'a'], answer: ['start', 'text'] }, 'e1'), says('t', 'two')],
        ...[end({ x: ['t', 'output'], answer: ['t', 'output'] }, 'e2'), end({ answer: ['start', 'a'] }, 'e3')],
      ],
      undefined,
      { a: 1, text: 'one ' },
    );
    expect(finished).toMatchObject({ outputs: { x: 'two', answer: 'one two1' }, total_steps: 5 });
    expect(
      chunksOf(events)
        .map(([, text]) => text)
        .join(''),
    ).toBe('1\none two\ntwo1');
  });
});

describe('order of events (dsl 3.4, 5; service-api 4.4, 4.5)', () => {
  const ask = (id: string, name: string): NodeDraft =>
    llm(id, 'Say', { model: { provider: 'langgenius/openai/openai', name, mode: 'chat', completion_params: {} } });

  it('follows the worked example of dsl 5.6', async () => {
    const { events, finished } = await tell(
      [
        ...[input, ask('llm_a', 'slow'), ask('llm_b', 'fast'), js('code', '{ count: 3 }', { count: 'number' })],
        end({ x: ['llm_a', 'text'], n: ['code', 'count'], y: ['llm_b', 'text'] }),
      ],
      ['llm_a', 'llm_b', 'code'].flatMap((id): EdgeDraft[] => [
        ['start', id],
        [id, 'end'],
      ]),
    );
    const chunks = chunksOf(events);
    expect(chunks.map(([, text]) => text).join('')).toBe('a1 a2 a3\n3\nb1 b2');
    const order = chunks.map(([from]) => from).filter((from, i, all) => from !== all[i - 1]);
    expect(order).toEqual(['llm_a.text', 'end.answer', 'code.count', 'end.answer', 'llm_b.text']);
    expect(chunks.filter(([from]) => from === 'llm_a.text').at(-1)?.[1]).toBe('');
    const place = names(events);
    // Whichever is done last unlocks the last text.
    const done = ['llm_a', 'llm_b', 'code'].map((id) => place.indexOf(`node_finished ${id}`));
    expect(place.lastIndexOf('text_chunk')).toBeLessThan(Math.max(...done));
    expect(place.slice(-3)).toEqual(['node_started end', 'node_finished end', 'workflow_finished']);
    const tokens = events.flatMap(({ event, data }) =>
      event === 'node_finished'
        ? [(data['execution_metadata'] as { total_tokens?: number } | null)?.total_tokens ?? 0]
        : [],
    );
    expect(finished['total_tokens']).toBe(tokens.reduce((a, b) => a + b));
  });

  it('shows what exists from the beginning before the first node, and a value before its node_finished', async () => {
    const { events } = await tell(
      [input, says('t', 'x'), end({ a: ['start', 'a'], u: ['sys', 'user_id'], t: ['t', 'output'] })],
      undefined,
      { a: 1 },
    );
    expect(names(events)).toEqual([
      ...['workflow_started', 'text_chunk', 'text_chunk', 'text_chunk', 'text_chunk'],
      ...['node_started start', 'node_finished start', 'node_started t', 'text_chunk', 'node_finished t'],
      ...['node_started end', 'node_finished end', 'workflow_finished'],
    ]);
    expect(chunksOf(events)).toEqual([
      ['start.a', '1'],
      ['end.answer', '\n'],
      ['sys.user_id', 'e2e'],
      ['end.answer', '\n'],
      ['t.output', 'x'],
    ]);
  });

  it('keeps back the text of an End node behind a branch until the branch is taken, and drops what was skipped', async () => {
    const { events } = await tell(
      [
        input,
        isOne('i', 'a'),
        says('first', 'Y'),
        says('second', 'N'),
        end({ y: ['first', 'output'], n: ['second', 'output'], a: ['start', 'a'] }),
      ],
      [
        ['start', 'i'],
        ['i', 'first', 'true'],
        ['i', 'second', 'false'],
        ['first', 'end'],
        ['second', 'end'],
      ],
      { a: 0 },
    );
    expect(names(events).indexOf('text_chunk')).toBeGreaterThan(names(events).indexOf('node_started i'));
    expect(
      chunksOf(events)
        .map(([, text]) => text)
        .join(''),
    ).toBe('\nN\n0');
    expect(names(events).lastIndexOf('text_chunk')).toBe(names(events).indexOf('node_finished second') - 1);
  });

  it('prints values in markdown form', async () => {
    const given = '{ o: { a: [1] }, l: ["x", "y"], n: [1, 2], b: true, z: null }';
    const types = { o: 'object', l: 'array[string]', n: 'array[number]', b: 'boolean', z: 'string' };
    const { events } = await tell([
      input,
      js('v', given, types),
      end(Object.fromEntries(Object.keys(types).map((k) => [k, ['v', k]]))),
    ]);
    const texts = ['{\n  "a": [\n    1\n  ]\n}', '- x\n- y', '- 1\n- 2', 'True', ''];
    expect(chunksOf(events).filter(([from]) => from !== 'end.answer')).toEqual(
      Object.keys(types).map((name, i) => [`v.${name}`, texts[i]]),
    );
  });
});

describe('limits and stop (dsl 3.7–3.9, service-api 4.8)', () => {
  it('501 started nodes are one too many', async () => {
    const many = Array.from({ length: 500 }, (_, i) => says(`t${i}`, 'x'));
    const { events, finished } = await tell(
      [input, ...many, end({ a: ['start', 'a'] })],
      [...many.map(({ id }): EdgeDraft => ['start', id]), ...many.map(({ id }): EdgeDraft => [id, 'end'])],
      { a: 1 },
    );
    expect(finished).toMatchObject({
      ...{ status: 'failed', error: 'Aborted: Maximum execution steps exceeded: 501 > 500', total_steps: 501 },
    });
    expect(startsOf(events, 'end')).toBe(0);
  }, 60_000);

  it('a run over its time ends, whatever hangs, and keeps the outputs so far', async () => {
    const { events, finished } = await tell(
      [input, http('h', `${target.url}/hang`), end({ a: ['start', 'a'] }, 'e1'), end({ h: ['h', 'body'] }, 'e2')],
      [
        ['start', 'h'],
        ['start', 'e1'],
        ['h', 'e2'],
      ],
      { a: 1 },
    );
    expect(finished).toMatchObject({ status: 'failed', outputs: { a: 1 } });
    expect(finished['error']).toMatch(/^Aborted: Maximum execution time exceeded: 1[2-9]\.\d\ds > 12s$/);
    expect(events.at(-2)).toMatchObject({ event: 'node_finished', data: { node_id: 'h', status: 'failed' } });
  }, 60_000);

  it('a stop keeps the outputs so far and names its reason', async () => {
    const client = await clientOf(
      [input, http('h', `${target.url}/hang`), end({ a: ['start', 'a'] }, 'e1'), end({ h: ['h', 'body'] }, 'e2')],
      [
        ['start', 'h'],
        ['start', 'e1'],
        ['h', 'e2'],
      ],
    );
    const run = await client.stream({ a: 1 });
    const events: WireEvent[] = [];
    for await (const event of run.events) {
      events.push(event);
      if (startsOf(events, 'h') > 0 && names(events).includes('node_finished e1')) await client.stop(run.taskId);
    }
    checkStream(events);
    const last = { status: 'stopped', error: 'Stopped by user.', outputs: { a: 1 }, exceptions_count: 0 };
    expect(events.at(-1)?.data).toMatchObject(last);
    expect(await client.detail(run.runId)).toMatchObject({
      status: 'stopped',
      error: 'Stopped by user.',
      outputs: { a: 1 },
    });
    expect(events.at(-2)?.data).toMatchObject({ node_id: 'h', status: 'stopped' });
  });
});
